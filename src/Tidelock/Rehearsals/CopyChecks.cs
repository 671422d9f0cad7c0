using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>
/// The change's queries, <c>smoke:</c> and <c>downstream:</c>, asked of a copy. One that takes too long there says nothing: the copy's server is
/// small and cold. What is asked of the application is not asked here.
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

    public int Count => checks.Count;

    /// <summary>Of the old state: what fails on the copy must fail on the target, too, as a question about the new shape does.</summary>
    /// <returns>What only fails on the copy, and how many fail on both.</returns>
    public async Task<(IReadOnlyList<Message> Problems, int OfTheNew)> BeforeAsync(CancellationToken cancellation)
    {
        var problems = new List<Message>();
        var ofTheNew = 0;
        foreach (var (check, failure) in await FailuresAsync(cancellation).ConfigureAwait(false))
        {
            var there = await check.RunAsync(Ground(target), cancellation).ConfigureAwait(false);
            if (there.Passed || !there.IsAnswered)
            {
                problems.Add(failure);
            }
            else
            {
                ofTheNew++;
            }
        }

        return (problems, ofTheNew);
    }

    /// <summary>Of the new state.</summary>
    public async Task<IReadOnlyList<Message>> AfterAsync(CancellationToken cancellation) =>
        [.. (await FailuresAsync(cancellation).ConfigureAwait(false)).Select(f => f.Failure)];

    private async Task<List<(SqlCheck Check, Message Failure)>> FailuresAsync(CancellationToken cancellation)
    {
        var failures = new List<(SqlCheck, Message)>();
        foreach (var check in checks)
        {
            var result = await check.RunAsync(Ground(copy), cancellation).ConfigureAwait(false);
            if (!result.Passed && !result.IsSlow && result.Finding.Code is not "checks.sql.late")
            {
                failures.Add((check, result.Finding));
            }
        }

        return failures;
    }

    private CheckGround Ground(Func<CancellationToken, Task<PostgresSession>> open) =>
        new(open, NoHttp, change.Folder, new Dictionary<string, string?>(StringComparer.Ordinal), null, time);

    /// <summary>Only queries are asked.</summary>
    private static HttpClient NoHttp { get; } = new();
}
