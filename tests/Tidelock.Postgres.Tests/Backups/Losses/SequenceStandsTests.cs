using Tidelock.Backups.Losses;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Backups.Losses;

public sealed class SequenceStandsTests(PostgresServer server)
{
    private const string Sequences = """
        create schema "odd schema";
        create table orders (id int generated always as identity);
        create sequence "odd schema"."counts ""down" increment -5;
        create sequence round maxvalue 3 cycle;
        create sequence untouched start 100;
        create sequence ahead;
        create sequence short maxvalue 10;
        """;

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Sequences_go_on_from_where_they_stood_elsewhere_and_never_back(int major)
    {
        await using var old = await server.CreateDatabaseAsync(major);
        await using var restored = await server.CreateDatabaseAsync(major);
        await old.ExecuteAsync(Sequences + "alter sequence short maxvalue 1000;");
        await restored.ExecuteAsync(Sequences);
        await old.ExecuteAsync(
            """
            insert into orders select from generate_series(1, 7);
            select nextval('"odd schema"."counts ""down"') from generate_series(1, 3);
            select nextval('round'), nextval('ahead'), setval('short', 500)
            """
        );
        await restored.ExecuteAsync(
            """
            insert into orders select from generate_series(1, 2);
            select nextval('"odd schema"."counts ""down"'), setval('ahead', 40)
            """
        );
        await using var from = await PostgresSession.OpenAsync(old.Target, "test", default);
        await using var to = await PostgresSession.OpenAsync(restored.Target, "test", default);

        var stands = await SequenceStands.ReadAsync(from, default);
        var carried = await SequenceStands.CarryAsync(to, stands, default);

        Assert.Equal(
            ["odd schema.counts \"down", "public.orders_id_seq"],
            carried.Select(c => $"{c.Schema}.{c.Name}").Order(StringComparer.Ordinal)
        );
        Assert.Equal(8, await restored.ScalarAsync<int>("insert into orders default values returning id"));
        Assert.Equal(
            ["-16|1|100|41|1"],
            await restored.RowsAsync(
                """
                select nextval('"odd schema"."counts ""down"'), nextval('round'), nextval('untouched'), nextval('ahead'), nextval('short')
                """
            )
        );
        Assert.Empty(await SequenceStands.CarryAsync(to, stands, default));
    }
}
