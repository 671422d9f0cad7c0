using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>How far the clock by which a run is journaled is from the server's.</summary>
/// <param name="Ahead">By how much this machine's is ahead; negative where it is behind.</param>
/// <param name="Within">How exactly that is known: half of the time the answer took.</param>
internal sealed record ClockDrift(TimeSpan Ahead, TimeSpan Within)
{
    private const int Looks = 3;

    /// <summary>A difference that is no larger is nobody's concern.</summary>
    private static readonly TimeSpan Harmless = TimeSpan.FromSeconds(2);

    /// <summary>Above this it decides wrongly whether a window is open and whether an approval still counts.</summary>
    private static readonly TimeSpan Bearable = TimeSpan.FromMinutes(5);

    /// <summary>Why nothing is begun by this clock; null where it is near enough.</summary>
    public Message? Problem(DateTimeOffset now) =>
        Ahead.Duration() - Within <= Bearable
            ? null
            : Message.Of(
                "steps.prerequisites.clock-off",
                ("here", now),
                ("there", now - Ahead),
                ("by", Ahead.Duration()),
                ("limit", Bearable)
            );

    /// <summary>The best of a few looks: the one whose answer took the least.</summary>
    public static async Task<ClockDrift> ReadAsync(
        PostgresSession session,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        ClockDrift? best = null;
        for (var look = 0; look < Looks; look++)
        {
            var (since, start) = (time.GetUtcNow(), time.GetTimestamp());
            var server = await session
                .ScalarAsync<DateTime>("select clock_timestamp() at time zone 'UTC'", cancellation)
                .ConfigureAwait(false);
            var half = time.GetElapsedTime(start) / 2;
            var ahead = since + half - new DateTimeOffset(DateTime.SpecifyKind(server, DateTimeKind.Utc));
            best = best is null || half < best.Within ? new ClockDrift(ahead, half) : best;
        }

        return best!;
    }

    /// <summary>The finding with what people should know of the clocks; as it is where they agree.</summary>
    public Message Beside(Message finding) =>
        Ahead.Duration() - Within <= Harmless
            ? finding
            : Message.Of(
                Ahead > TimeSpan.Zero ? "steps.prerequisites.clock-ahead" : "steps.prerequisites.clock-behind",
                ("finding", finding),
                ("by", Ahead.Duration())
            );
}
