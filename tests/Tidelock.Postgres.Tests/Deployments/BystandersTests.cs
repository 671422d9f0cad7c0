using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>What else goes on in a database while a change is made: a nightly dump, logical replication.</summary>
public sealed class BystandersTests(PostgresServer server)
{
    [Theory]
    [InlineData("nightly")]
    [InlineData("pg_dump")]
    public async Task A_running_pg_dump_refuses_the_start_under_whatever_name_it_goes(string name)
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await fixture.Database.ExecuteAsync(
            "create table public.large as select repeat(md5(i::text), 30) from generate_series(1, 20000) i"
        );
        var folder = Directory.CreateTempSubdirectory("tidelock-dump-").FullName;
        var pipe = Path.Combine(folder, "pipe");
        (await new ChildProgram("mkfifo", [pipe], new Dictionary<string, string?>()).RunAsync(default)).OrThrow();
        using var stop = new CancellationTokenSource();
        var environment = new Dictionary<string, string?>(
            fixture.Database.Target.LibpqEnvironment("test"),
            StringComparer.Ordinal
        )
        {
            ["PGAPPNAME"] = name,
        };

        // Nobody reads more than the beginning, so that the dump stands in its COPY.
        var dump = new ChildProgram("sh", ["-c", $"pg_dump > {pipe} & exec 3< {pipe}; wait"], environment).RunAsync(
            stop.Token
        );
        try
        {
            await fixture.Database.UntilAsync(
                $"select exists (select from pg_stat_activity where application_name = '{name}' and datname = current_database() and query like 'COPY public.large%' and wait_event = 'ClientWrite')"
            );

            var end = await fixture.DeployAsync();

            Assert.Contains("pg_dump", end.Finding.ToString(), StringComparison.Ordinal);
            Assert.Equal("steps.prerequisites.dump-running", Code(end.Finding));
        }
        finally
        {
            await fixture.Database.ExecuteAsync(
                $"select pg_terminate_backend(pid) from pg_stat_activity where application_name = '{name}' and datname = current_database()"
            );
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dump);
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_long_read_of_one_table_is_no_dump()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await fixture.Database.ExecuteAsync("create table public.other (a int)");
        await using var reader = await fixture.Database.ConnectAsync();
        await using var open = await reader.BeginTransactionAsync(CancellationToken.None);
        await using var command = reader.CreateCommand();
        command.CommandText = "select count(*) from public.other";
        await command.ExecuteNonQueryAsync(CancellationToken.None);

        var end = await fixture.DeployAsync();

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
    }

    [Fact]
    public async Task A_publication_for_all_tables_is_neither_in_the_way_nor_given_anything_of_ours()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server, DeploymentFixture.Unrehearsed);
        await fixture.Database.ExecuteAsync(
            """
            create materialized view public.best as select id from public.top_scores;
            create publication everything for all tables
            """
        );
        await fixture.Database.CreateSlotAsync("s_" + fixture.Database.Name, "test_decoding");
        try
        {
            var end = await fixture.DeployAsync();

            Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
            Assert.Equal(
                ["public.results"],
                await fixture.Database.RowsAsync(
                    "select schemaname || '.' || tablename from pg_publication_tables where pubname = 'everything' order by 1"
                )
            );
            // A row in a table that the subscriber does not have would stop it for good.
            Assert.Empty(
                await fixture.Database.RowsAsync(
                    "select data from pg_logical_slot_get_changes('s_' || current_database(), null, null) where data like 'table %'"
                )
            );
        }
        finally
        {
            await fixture.Database.ExecuteAsync("select pg_drop_replication_slot('s_' || current_database())");
        }
    }

    private static string Code(Texts.Message finding) =>
        finding.Code == "steps.prerequisites.dump-running"
            ? finding.Code
            : (finding.Parts?.Values ?? []).Select(Code).FirstOrDefault(c => c.Length > 0) ?? "";
}
