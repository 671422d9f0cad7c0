namespace Tidelock.Probes.Postgres;

/// <summary>What the server has counted of one statement, or of several.</summary>
/// <param name="Calls">How often it was called.</param>
/// <param name="Seconds">How long that took in all.</param>
/// <param name="Rows">How many rows came of it.</param>
internal sealed record StatementCounters(long Calls, double Seconds, long Rows)
{
    public static StatementCounters None { get; } = new(0, 0, 0);

    public static StatementCounters operator +(StatementCounters a, StatementCounters b) =>
        new(a.Calls + b.Calls, a.Seconds + b.Seconds, a.Rows + b.Rows);

    /// <summary>What was added since; all of it where the server has forgotten the statement in between and counted anew.</summary>
    public StatementCounters Since(StatementCounters? earlier) =>
        earlier is null || IsAnew(earlier)
            ? this
            : new(Calls - earlier.Calls, Seconds - earlier.Seconds, Math.Max(0, Rows - earlier.Rows));

    /// <summary>Neither calls nor their time ever become less, and without a call no time is added.</summary>
    private bool IsAnew(StatementCounters earlier) =>
        Calls < earlier.Calls
        || Seconds < earlier.Seconds
        || (Calls == earlier.Calls && (Seconds, Rows) != (earlier.Seconds, earlier.Rows));
}
