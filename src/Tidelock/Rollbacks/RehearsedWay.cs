using System.Text.Json;
using Tidelock.Backups;
using Tidelock.Relations;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>What the rehearsal foresaw that the run was started on; journaled when the run is opened.</summary>
/// <param name="Method">The way back that was rehearsed.</param>
/// <param name="ForwardTook">The way there, without data.</param>
/// <param name="BackTook">The way back, without data; null where it was not taken.</param>
public sealed record RehearsedWay(string Method, TimeSpan? ForwardTook, TimeSpan? BackTook)
{
    /// <summary>In what the relation, and all that hangs on it, was to become another; null where that was not found out.</summary>
    public IReadOnlyList<ClosureDifference>? Changes { get; init; }

    /// <summary>Which relations nobody can read while the change is made; null where that was not found out.</summary>
    public IReadOnlyList<string>? Locked { get; init; }

    private const string Step = "prerequisites";
    private const string Fact = "way";

    /// <summary>As it is journaled.</summary>
    internal FactRecorded AsEvent() =>
        new(Step, Fact, JsonSerializer.SerializeToElement(this, RollbacksJson.Default.RehearsedWay));

    /// <summary>
    /// How long going back by a method took: on the data of the run's backup where that was rehearsed with all of them, else on an empty copy; null where neither
    /// was timed.
    /// </summary>
    internal static TimeSpan? BackBy(string method, RunState state)
    {
        if (OnData(method, state) is { } took)
        {
            return took;
        }

        var way = state.Fact(Step, Fact)?.Deserialize(RollbacksJson.Default.RehearsedWay);
        return string.Equals(way?.Method, method, StringComparison.Ordinal) ? way?.BackTook : null;
    }

    private static TimeSpan? OnData(string method, RunState state)
    {
        try
        {
            var data = state
                .Fact(RunBackup.Step, RehearsalRecord.Fact)
                ?.Deserialize(BackupJson.Default.RehearsalRecord);
            return data?.Subset is null && string.Equals(data?.Method, method, StringComparison.Ordinal)
                ? data?.Parts.LastOrDefault(p => p is { Part: RehearsalPart.Back, Passed: true })?.Took
                : null;
        }
        catch (JsonException)
        {
            // A time that cannot be read is not known; the way is there all the same.
            return null;
        }
    }
}
