using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>A database with an extension that this machine's PostgreSQL lacks, and a staging server that has it.</summary>
public sealed class StagingRehearsalTests(PostgresServer server)
{
    private const string Setup = $"""
        create role keeper nologin; create role app login; grant keeper to app;
        create extension {OtherInstallation.Extension};
        create table public.results (id int primary key, name text);
        create view public.scores as select id, name, {OtherInstallation.Extension}() as one from public.results;
        create view public.top_scores as select id from public.scores;
        grant select on public.scores to keeper;
        alter view public.scores owner to app; alter view public.top_scores owner to app; alter table public.results owner to app;
        grant create, usage on schema public to app;
        """;

    [Fact]
    public async Task It_is_rehearsed_in_a_throwaway_database_on_staging_and_nothing_remains_there()
    {
        using var other = await OtherInstallation.MakeAsync(server.Cluster.Programs);
        await using var production = await StartAsync(other);
        await using var staging = await StartAsync(other);
        await using var bench = await RehearsalBench.CreateAsync(await TestDatabase.CreateAsync(production), Setup);
        await using var theirs = await TestDatabase.CreateAsync(staging);
        await theirs.ExecuteAsync("create role keeper");
        await theirs.ExecuteAsync("create database tidelock_rehearsal_dead");
        await theirs.ExecuteAsync("comment on database tidelock_rehearsal_dead is 'tidelock rehearsal'");
        await theirs.ExecuteAsync(
            "create role dead; comment on role dead is 'tidelock rehearsal tidelock_rehearsal_dead'"
        );
        bench
            .Declaring(
                "migration:\n  view: { name: public.scores, definition: new.sql }\n",
                $"  staging: {{ database: \"{Socket(theirs)}\" }}\n"
            )
            .With(
                "new.sql",
                $"select id::bigint as id, name, public.{OtherInstallation.Extension}() as one from public.results"
            );

        var result = await bench.RehearseAsync("app");

        Assert.True(result.Problem is null, result.Problem?.ToString());
        Assert.NotNull(result.BackTook);
        Assert.Equal(["rehearsals.staging.where", "rehearsals.staging.swept"], result.Warnings.Select(w => w.Code));
        Assert.Equal(2, result.Statements.Count(s => s.Command == "CREATE VIEW"));
        Assert.Equal(
            new[] { "keeper", "postgres", theirs.Name }.Order(StringComparer.Ordinal),
            await theirs.RowsAsync(
                """
                select rolname::text collate "C" from pg_roles where rolname !~ '^pg_' and rolname <> 'postgres'
                union all select datname from pg_database where not datistemplate order by 1
                """
            )
        );
    }

    [Fact]
    public async Task Without_a_server_that_has_it_the_way_back_is_not_proven_and_both_reasons_are_told()
    {
        using var other = await OtherInstallation.MakeAsync(server.Cluster.Programs);
        await using var production = await StartAsync(other);
        await using var bench = await RehearsalBench.CreateAsync(await TestDatabase.CreateAsync(production), Setup);
        bench.With("new.sql", "select id, name, 1 as one from public.results");
        foreach (
            var (staging, code) in new[]
            {
                (Socket(bench.Database), "rehearsals.staging.same-server"),
                (
                    $"host={server.Cluster.SocketFolder} port={server.Cluster.Port} user=postgres dbname=postgres",
                    "rehearsals.staging.extensions"
                ),
                ("host=/nowhere user=x dbname=y", "rehearsals.staging.unreachable"),
            }
        )
        {
            bench.Declaring(
                "migration:\n  view: { name: public.scores, definition: new.sql }\n",
                $"  staging: {{ database: \"{staging}\" }}\n"
            );
            var finding = await bench.EvaluateAsync();
            Assert.False(finding.Passed);
            Assert.Equal("rehearsals.staging.neither", finding.Finding.Code);
            Assert.Equal(code, finding.Finding.Parts!["staging"].Code);
            Assert.Contains(
                OtherInstallation.Extension,
                finding.Finding.Parts["local"].ToString(),
                StringComparison.Ordinal
            );
        }

        Assert.Equal(
            0,
            await bench.Database.ScalarAsync<long>("select count(*) from pg_database where datname like 'tidelock%'")
        );
    }

    private static Task<LocalCluster> StartAsync(OtherInstallation other) =>
        LocalCluster.StartAsync(new LocalClusterOptions { Programs = other.Programs }, default);

    private static string Socket(TestDatabase database) =>
        $"host={database.Cluster.SocketFolder} port={database.Cluster.Port} user=postgres dbname={database.Name}";
}
