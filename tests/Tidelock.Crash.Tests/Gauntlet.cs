using System.Collections.Concurrent;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>
/// A whole deployment and its rollback, killed at every append and gone on with each time, ends as if nothing had happened.
/// </summary>
public abstract class Gauntlet(PostgresServer server, bool onPostgres)
{
    private const int MostProcesses = 150;

    /// <summary>One undisturbed run of each method and journal, for both of its killed ones.</summary>
    private static readonly ConcurrentDictionary<
        (bool OnPostgres, string Method),
        Lazy<Task<(string State, IReadOnlyList<string> Counts, int Kills)>>
    > Undisturbed = new();

    [Theory]
    [InlineData("definition", "before")]
    [InlineData("definition", "after")]
    [InlineData("downgrade", "before")]
    [InlineData("downgrade", "after")]
    [InlineData("in-place", "before")]
    [InlineData("in-place", "after")]
    public async Task A_run_killed_at_every_append_ends_as_one_that_was_never_disturbed(string method, string when)
    {
        var (state, counts, _) = await Undisturbed
            .GetOrAdd((onPostgres, method), _ => new(() => CarryAsync(method, "")))
            .Value;
        var (killed, killedCounts, kills) = await CarryAsync(method, when);
        Assert.Equal(state, killed);
        Assert.Equal(counts, killedCounts);
        Assert.True(kills > 30, $"only {kills} kills");
    }

    private async Task<(string State, IReadOnlyList<string> Counts, int Kills)> CarryAsync(string method, string when)
    {
        var rehearsed = !onPostgres && method == "definition";
        await using var bench = await CrashBench.CreateAsync(server, onPostgres, method, rehearsed);
        await bench.ReplaceAsync("for: 1s, every: 200ms", "for: 300ms, every: 100ms");
        var before = await bench.CatalogAsync();
        var views = new List<uint> { await bench.ViewAsync() };
        var kills = 0;
        for (var processes = 0; ; processes++)
        {
            Assert.True(processes < MostProcesses, "it never comes to its end");
            var (run, state, entries) = await bench.ReadAsync();
            if (state.Result == RunResult.RolledBack)
            {
                Assert.Equal(before, await bench.CatalogAsync());
                Assert.Equal(3, views.Count);
                Assert.Equal(2, await bench.CommitsAsync() ?? 2);
                Outcome.IsSound(entries);
                return (Outcome.Of(state), Outcome.Counts(entries), kills);
            }

            var verb =
                run is null ? "deploy"
                : state.Result == RunResult.Completed ? "rollback"
                : "resume";
            Assert.InRange(await bench.CommitsAsync() ?? 0, 0, state.Rollback is null ? 1 : 2);
            var (code, output) = await bench.RunAsync(verb, run, method, when);
            Assert.True(code is 0 or 137 || (code == 1 && verb != "deploy"), $"{verb} ended with {code}\n{output}");
            kills += code == 137 ? 1 : 0;
            var view = await bench.ViewAsync();
            if (view != views[^1])
            {
                views.Add(view);
            }
        }
    }
}

public sealed class SqliteGauntlet(PostgresServer server) : Gauntlet(server, onPostgres: false);

public sealed class PostgresGauntlet(PostgresServer server) : Gauntlet(server, onPostgres: true);
