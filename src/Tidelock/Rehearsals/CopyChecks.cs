using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// The change's queries, <c>smoke:</c> and <c>downstream:</c>, asked of a copy. One that takes too long there says nothing: the copy's server is
/// small and cold. What is asked of the application is not asked here, nor what reads foreign tables.
/// </summary>
/// <param name="change">With the checks.</param>
/// <param name="copy">Opens a session on the copy.</param>
/// <param name="target">Opens one on the target.</param>
/// <param name="time">The clock.</param>
internal sealed class CopyChecks(
    Change change,
    Func<CancellationToken, Task<PostgresSession>> copy,
    Func<CancellationToken, Task<PostgresSession>> target,
    TimeProvider time
)
{
    private readonly IReadOnlyList<SqlCheck> checks =
    [
        .. change.Section<SmokeChecks>().Checks.OfType<SqlCheck>(),
        .. change.Section<DownstreamChecks>().Checks,
    ];

    private readonly HashSet<SqlCheck> held = [];

    private readonly HashSet<SqlCheck> outside = [];
    private readonly List<string> left = [];

    /// <summary>How many are asked.</summary>
    public int Count => checks.Count - outside.Count;

    /// <summary>Those that were found to read foreign tables, and so were not asked, since this was called last.</summary>
    public IReadOnlyList<string> TakeLeftOut()
    {
        IReadOnlyList<string> taken = [.. left];
        left.Clear();
        return taken;
    }

    /// <summary>Of the old state: what fails on the copy must fail on the target, too, as a question about the new shape does.</summary>
    /// <returns>What only fails on the copy; what the target did not answer; and how many fail on both.</returns>
    public async Task<(IReadOnlyList<Message> OnlyHere, IReadOnlyList<Message> Unanswered, int OfTheNew)> BeforeAsync(
        CancellationToken cancellation
    )
    {
        var onlyHere = new List<Message>();
        var unanswered = new List<Message>();
        var ofTheNew = 0;
        var results = await AskedAsync(cancellation).ConfigureAwait(false);
        held.UnionWith(results.Where(r => r.Result.Passed).Select(r => r.Check));
        foreach (var (check, result) in results.Where(r => Failed(r.Result)))
        {
            var there = await check.RunAsync(Ground(target), cancellation).ConfigureAwait(false);
            if (!there.IsAnswered)
            {
                unanswered.Add(there.Finding);
            }
            else if (there.Passed)
            {
                onlyHere.Add(result.Finding);
            }
            else
            {
                ofTheNew++;
            }
        }

        return (onlyHere, unanswered, ofTheNew);
    }

    /// <summary>Of the new state.</summary>
    public async Task<(IReadOnlyList<Message> Broken, IReadOnlyList<Message> Others)> AfterAsync(
        CancellationToken cancellation
    ) => Sorted(await AskedAsync(cancellation).ConfigureAwait(false), held);

    /// <summary>What failed of that which held before the change, and what else did.</summary>
    internal static (IReadOnlyList<Message> Broken, IReadOnlyList<Message> Others) Sorted(
        IEnumerable<(SqlCheck Check, CheckResult Result)> results,
        HashSet<SqlCheck> held
    )
    {
        var failed = results.Where(r => Failed(r.Result)).ToLookup(r => held.Contains(r.Check), r => r.Result.Finding);
        return ([.. failed[true]], [.. failed[false]]);
    }

    private static bool Failed(CheckResult result) =>
        !result.Passed && !result.IsSlow && result.Finding.Code is not "checks.sql.late";

    private async Task<List<(SqlCheck Check, CheckResult Result)>> AskedAsync(CancellationToken cancellation)
    {
        var results = new List<(SqlCheck, CheckResult)>();
        foreach (var check in checks)
        {
            if (outside.Contains(check) || await IsOutsideAsync(check, cancellation).ConfigureAwait(false))
            {
                continue;
            }

            results.Add((check, await check.RunAsync(Ground(copy), cancellation).ConfigureAwait(false)));
        }

        return results;
    }

    private async Task<bool> IsOutsideAsync(SqlCheck check, CancellationToken cancellation)
    {
        try
        {
            await using var session = await copy(cancellation).ConfigureAwait(false);
            if (await ForeignReads.OfAsync(session, check.Sql, cancellation).ConfigureAwait(false) is null)
            {
                return false;
            }
        }
        catch (TidelockException)
        {
            // What is wrong with the copy the check itself tells.
            return false;
        }

        outside.Add(check);
        left.Add(check.Name);
        return true;
    }

    private CheckGround Ground(Func<CancellationToken, Task<PostgresSession>> open) =>
        new(open, NoHttp, change.Folder, new Dictionary<string, string?>(StringComparer.Ordinal), null, time);

    /// <summary>Only queries are asked.</summary>
    private static HttpClient NoHttp { get; } = new();
}
