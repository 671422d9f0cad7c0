using System.Globalization;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>
/// Labels of a provider that is compiled here: no distribution has one that works without SELinux. PostgreSQL's headers are not needed for
/// two functions.
/// </summary>
public sealed class SecurityLabelTests(PostgresServer server) : IDisposable
{
    private const string Source = """
        struct magic { int len, version, args, keys, name, by_value; char abi[32]; };
        const struct magic *Pg_magic_func(void) {
            static const struct magic m = { sizeof(struct magic), VERSION, 100, 32, 64, 1, "PostgreSQL" };
            return &m;
        }
        extern void register_label_provider(const char *name, void (*check)(const void *object, const char *label));
        static void anything(const void *object, const char *label) { }
        void _PG_init(void) { register_label_provider("our ""provider", anything); }
        """;

    private const string Setup = """
        create table t as select 1 as a, 2 as b;
        create view v as select a, b from t;
        create view "W w" as select a from v;
        security label for "our ""provider" on view v is 'it''s secret';
        security label for "our ""provider" on column v.a is 'top';
        security label for "our ""provider" on view "W w" is 'below';
        security label for "our ""provider" on column "W w".a is 'below too'
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-label-").FullName;

    [Fact]
    public async Task Labels_of_views_and_columns_are_put_back_there_and_back()
    {
        await using var bench = await LabelledAsync();
        var (catalog, dump) = (await bench.WholeCatalogAsync(), await bench.DumpAsync());
        Assert.Equal(4, catalog.Count(r => r.StartsWith("label|", StringComparison.Ordinal)));
        var before = await bench.CaptureAsync(new RelationName("public", "v"));

        var there = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint as a, b from t"));

        Assert.True(there is MigrationOutcome.Applied, there.Finding.ToString());
        Assert.Equal(
            catalog.Where(r => r.StartsWith("label|", StringComparison.Ordinal)),
            (await bench.WholeCatalogAsync()).Where(r => r.StartsWith("label|", StringComparison.Ordinal))
        );
        var back = await bench.RunAsync(new ClosureMove(new RelationName("public", "v"), before));
        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
        Assert.Equal(dump, await bench.DumpAsync());
    }

    [Fact]
    public async Task Without_its_provider_a_label_cannot_be_put_back_and_nothing_changes()
    {
        await using var bench = await LabelledAsync();
        var catalog = await bench.WholeCatalogAsync();
        await bench.Database.ExecuteAsync($"alter database {bench.Database.Name} reset session_preload_libraries");

        var outcome = await bench.ForwardAsync(ViewBench.View("v", "select a::bigint as a, b from t"));

        Assert.IsType<MigrationOutcome.Failed>(outcome);
        Assert.Contains("our \"provider", outcome.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(catalog, await bench.WholeCatalogAsync());
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<ViewBench> LabelledAsync()
    {
        var version = string.Create(CultureInfo.InvariantCulture, $"-DVERSION={server.Cluster.Programs.Major * 100}");
        var (source, library) = (Path.Combine(folder, "label.c"), Path.Combine(folder, "label.so"));
        await File.WriteAllTextAsync(
            source,
            Source.Replace("our \"\"provider", "our \\\"provider", StringComparison.Ordinal)
        );
        (
            await new ChildProgram(
                "gcc",
                ["-shared", "-fPIC", version, "-o", library, source],
                new Dictionary<string, string?>()
            ).RunAsync(default)
        ).OrThrow();
        // The server runs as a user of its own.
        File.SetUnixFileMode(
            folder,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherExecute
        );
        File.SetUnixFileMode(library, File.GetUnixFileMode(library) | UnixFileMode.OtherRead);
        var bench = new ViewBench(await server.CreateDatabaseAsync());
        await bench.Database.ExecuteAsync(
            $"alter database {bench.Database.Name} set session_preload_libraries = '{library}'"
        );
        await bench.Database.ExecuteAsync(Setup);
        return bench;
    }
}
