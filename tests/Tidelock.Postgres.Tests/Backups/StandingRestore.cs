using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>
/// A small table named large at whose rows, or at whose index, a restore stands still for as long as a session holds it there: what happens to the server or to
/// pg_restore meanwhile happens in the middle of it on any machine.
/// </summary>
/// <param name="database">Has the table; its backup may be restored in it or beside it.</param>
internal sealed class StandingRestore(TestDatabase database)
{
    public const int Rows = 2000;

    public Task MakeAsync() =>
        database.ExecuteAsync(
            $"""
            create function public.stands(place text, n int) returns int immutable language plpgsql as $$
            begin
              while n = {Rows
                / 2} and exists (select from pg_catalog.pg_stat_activity where application_name = '{Holder(
                ""
            )}' || place) loop
                perform pg_catalog.pg_sleep(0.01), pg_catalog.pg_stat_clear_snapshot();
              end loop;
              return n;
            end $$;
            create table public.large (n int check (public.stands('copy', n) > 0), x text);
            insert into public.large select n, md5(n::text) from generate_series(1, {Rows}) n;
            create index on public.large (public.stands('index', n));
            """
        );

    /// <summary>The session that holds a restore: in the middle of the table's <c>copy</c> or of its <c>index</c>.</summary>
    public async Task<NpgsqlConnection> HoldAsync(string place)
    {
        var postgres = database.Cluster.Target("postgres");
        var holder = new NpgsqlConnection(postgres.NpgsqlConnectionString(Holder(place)));
        await holder.OpenAsync();
        return holder;
    }

    private string Holder(string place) => $"{database.Name} {place}";
}
