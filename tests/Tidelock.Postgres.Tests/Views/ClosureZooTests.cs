using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Relations;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>
/// Every view of the zoo, one after the other: captured, dropped with everything that depends on it, put back. Afterwards every row
/// of the catalogs and, where there is one for the server's version, pg_dump's text are what they were.
/// </summary>
public sealed class ClosureZooTests(PostgresServer server)
{
    private static readonly string[] Roles = ["zoo_owner", "zoo_reader", "zoo_writer", "zoo_last"];

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Every_view_is_dropped_with_everything_and_put_back_exactly(int major)
    {
        await using var bench = await OpenAsync(major);
        var roots = await RootsAsync(bench);
        Assert.True(roots.Count >= 120, $"only {roots.Count} views");
        // PostgreSQL writes some definitions differently once they were created again: everything is created again once.
        await using (var session = await bench.OpenAsync())
        {
            var before = new List<RelationClosure>();
            foreach (var root in roots)
            {
                before.Add(await ThereAndBackAsync(session, root));
            }

            foreach (var closure in before)
            {
                var after = (await ClosureCapture.ReadAsync(session, closure.Relation.Name, default)).ClosureOrNull;
                Assert.Empty(await ClosureComparison.DifferencesAsync(session, closure, after, default));
            }
        }

        var catalog = await bench.WholeCatalogAsync();
        var dump = await DumpAsync(bench);
        await AllThereAndBackAsync(bench, roots);
        Same(catalog, await bench.WholeCatalogAsync());
        Assert.Equal(dump, await DumpAsync(bench));
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task The_first_trip_of_definitions_that_do_not_drift_changes_nothing_at_all(int major)
    {
        await using var bench = await OpenAsync(major);
        await bench.Database.ExecuteAsync("drop schema drifting cascade");
        var catalog = await bench.WholeCatalogAsync();
        await AllThereAndBackAsync(bench, await RootsAsync(bench));
        Same(catalog, await bench.WholeCatalogAsync());
    }

    private const string Views = """
        select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('v', 'm') and c.oid >= 16384 and n.nspname not in ('information_schema', 'pg_catalog')
        order by n.nspname collate "C", c.relname collate "C"
        """;

    private static async Task<List<RelationName>> RootsAsync(ViewBench bench) =>
        (await bench.Database.RowsAsync(Views))
            .Select(r => r.Split('|'))
            .Select(p => new RelationName(p[0], p[1]))
            .ToList();

    private static async Task AllThereAndBackAsync(ViewBench bench, List<RelationName> roots)
    {
        await using var session = await bench.OpenAsync();
        foreach (var root in roots)
        {
            await ThereAndBackAsync(session, root);
        }
    }

    private static async Task<RelationClosure> ThereAndBackAsync(PostgresSession session, RelationName root)
    {
        await using var transaction = await session.Connection.BeginTransactionAsync();
        var closure = (await ClosureCapture.ReadAsync(session, root, default)).ClosureOrNull;
        Assert.True(closure!.Unrestorable.Count == 0, $"{root}: {string.Join(", ", closure.Unrestorable)}");
        foreach (
            var statement in ClosureRestore.Statements(closure, null).Concat(ClosureRestore.Statements(null, closure))
        )
        {
            try
            {
                await session.ExecuteOneAsync(statement.Sql, default);
            }
            catch (Npgsql.PostgresException e)
            {
                Assert.Fail($"{root}: {statement.For}: {e.MessageText}\n{statement.Sql}");
            }
        }

        await transaction.CommitAsync();
        return closure;
    }

    private static void Same(List<string> before, List<string> after) =>
        Assert.True(
            before.SequenceEqual(after, StringComparer.Ordinal),
            string.Join('\n', before.Except(after, StringComparer.Ordinal).Select(r => $"- {r}"))
                + "\n"
                + string.Join('\n', after.Except(before, StringComparer.Ordinal).Select(r => $"+ {r}"))
        );

    /// <summary>pg_dump of the distribution; it refuses newer servers, of which the catalogs alone speak then.</summary>
    private async Task<string> DumpAsync(ViewBench bench) =>
        bench.Database.Cluster.Programs.Major <= server.Cluster.Programs.Major
            ? await bench.DumpAsync(server.Cluster.Programs.Folder)
            : "";

    private async Task<ViewBench> OpenAsync(int major)
    {
        var bench = new ViewBench(await server.CreateDatabaseAsync(major));
        foreach (var role in Roles)
        {
            await bench.Database.ExecuteAsync(
                $"do $$ begin create role {role}; exception when duplicate_object or unique_violation then end $$"
            );
        }

        foreach (var file in Directory.GetFiles(Path.Combine(Folder, "Zoo"), "*.sql").Order(StringComparer.Ordinal))
        {
            var since = Path.GetFileNameWithoutExtension(file).Split('-');
            if (since.Length == 1 || int.Parse(since[1], System.Globalization.CultureInfo.InvariantCulture) <= major)
            {
                var psql = await new ChildProgram(
                    Path.Combine(server.Cluster.Programs.Folder, "psql"),
                    ["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", $"--file={file}"],
                    bench.Database.TargetAs("postgres").LibpqEnvironment("test")
                ).RunAsync(default);
                psql.OrThrow();
            }
        }

        return bench;
    }

    private static string Folder => Path.Combine(ViewBench.Root, "tests", "Tidelock.Postgres.Tests", "Views");
}
