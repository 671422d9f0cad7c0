using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

public sealed class AttemptViewTests(PostgresServer server)
{
    private static readonly RelationName Attempt = new("public", "attempt");

    [Fact]
    public async Task The_attempt_view_goes_there_and_back_and_everything_is_as_it_was()
    {
        await using var bench = await ViewBench.AttemptAsync(server);
        await bench.Database.ExecuteAsync(
            """
            alter view public.attempt set (security_barrier = true);
            grant select (id, started_at) on public.attempt to analyst with grant option;
            create function public.refuse() returns trigger language plpgsql as 'begin return null; end';
            create trigger keep instead of insert on public.attempt for each row execute function public.refuse();
            comment on trigger keep on public.attempt is 'it''s a trap';
            create rule nothing as on delete to public.attempt do instead nothing;
            comment on rule nothing on public.attempt is 'rule';
            alter view public.attempt alter column hint_used set default false;
            comment on index public.attempt_mv_item_id_key is 'unique';
            alter materialized view public.attempt_mv cluster on attempt_mv_accuracy_idx;
            alter materialized view public.attempt_mv alter column accuracy set statistics 7;
            alter materialized view public.attempt_mv set (fillfactor = 70, toast.autovacuum_enabled = off);
            alter default privileges grant select on tables to analyst;
            """
        );
        var catalog = await bench.CatalogAsync();
        var dump = await bench.DumpAsync();
        var before = await bench.CaptureAsync(Attempt);

        var there = await bench.ForwardAsync(ViewBench.View("attempt", ViewBench.Example("attempt.sql")));

        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        Assert.Equal(
            "integer",
            await bench.Database.ScalarAsync<string>(
                "select format_type(atttypid, -1) from pg_attribute where attrelid = 'attempt'::regclass and attname = 'attempt_no' and attnum = 9"
            )
        );
        await using var session = await bench.OpenAsync();
        var differences = await ClosureComparison.DifferencesAsync(
            session,
            before,
            await bench.CaptureAsync(Attempt),
            default
        );
        Assert.Empty(ClosureComparison.Unexpected(differences, Attempt).Select(d => d.Text.ToString()));
        Assert.NotEmpty(differences);

        var back = await bench.RunAsync(new ClosureMove(Attempt, before));

        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(catalog, await bench.CatalogAsync());
        Assert.Equal(dump, await bench.DumpAsync());
    }
}
