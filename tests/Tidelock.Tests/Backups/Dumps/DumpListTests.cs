using Tidelock.Backups.Dumps;
using Tidelock.Postgres;

namespace Tidelock.Tests.Backups.Dumps;

/// <summary>Which entries of a dump are restored into a copy.</summary>
public sealed class DumpListTests
{
    private const string List = """
        ;
        ; Archive created at 2026-11-27 01:40:07 UTC
        ;     dbname: seedtest
        3; 2615 2200 SCHEMA - public pg_database_owner
        16; 1417 16390 SERVER - other postgres
        17; 1418 16391 USER MAPPING - USER MAPPING the app SERVER other postgres
        218; 1259 16389 TABLE public results the owner
        220; 1259 16392 FOREIGN TABLE public theirs postgres
        221; 1259 16393 MATERIALIZED VIEW public kept postgres
        222; 1259 16394 MATERIALIZED VIEW public kept too postgres
        300; 6100 16400 SUBSCRIPTION - feed postgres
        400; 0 16389 TABLE DATA public results the owner
        401; 0 16393 MATERIALIZED VIEW DATA public kept postgres
        402; 0 16394 MATERIALIZED VIEW DATA public kept too postgres
        """;

    [Fact]
    public void A_copy_gets_the_foreign_tables_but_nothing_that_leads_to_their_server_or_was_filled_from_it()
    {
        var list = DumpList.Parse(List);
        var lines = list.Without(new HashSet<string> { "public" }, new HashSet<string>());

        var enclosed = DumpList.Enclosed(lines, [new RelationName("public", "kept too")]).ToList();

        Assert.True(list.HasUserMappings);
        Assert.Equal(
            ["16", "218", "220", "221", "222", "400", "401"],
            enclosed.Select(l => l[..l.IndexOf(';', StringComparison.Ordinal)])
        );
        Assert.False(DumpList.Parse("218; 1259 16389 TABLE public results user mapping").HasUserMappings);
    }
}
