using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// What the standbys make of a change. It is replayed there with its ACCESS EXCLUSIVE locks: a query of theirs holds the replay up, or is
/// cancelled by it. Journaled; never a failure.
/// </summary>
/// <param name="Before">Which standbys there were before the change.</param>
/// <param name="Position">Where in the log the change is at the latest.</param>
/// <param name="Behind">Those that had not replayed it after <paramref name="Waited"/>.</param>
/// <param name="Gone">Those that were connected before and not after.</param>
/// <param name="Waited">How long they were given.</param>
public sealed record StandbyReplay(
    IReadOnlyList<Standby> Before,
    string Position,
    IReadOnlyList<Standby> Behind,
    IReadOnlyList<Standby> Gone,
    TimeSpan Waited
)
{
    public const string Fact = "standbys";

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>For people; null where all have replayed it.</summary>
    public Message? Finding
    {
        get
        {
            var said = Behind
                .Select(s =>
                    Message.Of("migrations.standbys.behind", ("standby", s), ("waited", Waited), ("behind", s.Behind))
                )
                .Concat(Gone.Select(s => Message.Of("migrations.standbys.gone", ("standby", s))))
                .ToList();
            return said.Count == 0 ? null : Several.Of(said);
        }
    }

    /// <summary>What is told before the change; null where there are no standbys.</summary>
    public static Message? Told(IReadOnlyList<Standby>? before) =>
        before switch
        {
            null => Message.Of("migrations.standbys.unseen"),
            [] => null,
            _ => Message.Of(
                "migrations.standbys.before",
                ("count", before.Count),
                (
                    "standbys",
                    string.Join(
                        "; ",
                        before.Select(s => $"{s} {s.Behind}{(s.Lag is { } lag ? $", {Durations.Short(lag)}" : "")}")
                    )
                )
            ),
        };

    /// <summary>Waits until all standbys have replayed what is committed by now.</summary>
    /// <param name="session">Open and idle.</param>
    /// <param name="before">Which there were before the change.</param>
    /// <param name="patience">At most this long.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<StandbyReplay> AwaitAsync(
        PostgresSession session,
        IReadOnlyList<Standby> before,
        TimeSpan patience,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var start = time.GetTimestamp();
        var position = await Standbys.PositionAsync(session, time, cancellation).ConfigureAwait(false);
        while (true)
        {
            var behind = await Standbys.BehindAsync(session, position, cancellation).ConfigureAwait(false) ?? [];
            var waited = time.GetElapsedTime(start);
            if (behind.Count == 0 || waited >= patience)
            {
                var now = await Standbys.ReadAsync(session, cancellation).ConfigureAwait(false) ?? [];
                var gone = before.Where(b => !now.Any(b.IsSame)).ToList();
                return new StandbyReplay(before, position, behind, gone, waited);
            }

            await Task.Delay(Pause, time, cancellation).ConfigureAwait(false);
        }
    }
}
