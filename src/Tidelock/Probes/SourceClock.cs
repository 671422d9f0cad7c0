using Tidelock.Texts;

namespace Tidelock.Probes;

/// <summary>
/// How far a source's clock is from this machine's, by the dates of its answers. Within a tick they count as the same. Farther away the
/// source is asked by its own time, since ours may be one of before the change there; what it tells stands for the same moment by ours.
/// </summary>
internal sealed class SourceClock(ProbeContext context)
{
    /// <summary>What a value says that was read of a source whose clock is another.</summary>
    public const string Differs = "probes.clock";

    /// <summary>A date of HTTP has no fractions of a second.</summary>
    private static readonly TimeSpan Resolution = TimeSpan.FromSeconds(1);

    private long ahead;

    private TimeSpan Ahead => TimeSpan.FromTicks(Interlocked.Read(ref ahead));

    /// <summary>An answer: the source's clock said so at a time between the two of ours.</summary>
    public void Saw(DateTimeOffset? date, DateTimeOffset asked, DateTimeOffset answered)
    {
        if (date is not { } then || answered < asked)
        {
            return;
        }

        var (least, most) = (then - answered, then + Resolution - asked);
        if (!IsNear(Ahead, least, most))
        {
            var now = IsNear(TimeSpan.Zero, least, most) ? TimeSpan.Zero : (least + most) / 2;
            Interlocked.Exchange(ref ahead, now.Ticks);
        }
    }

    /// <summary>Reads by the source's time; once more where the answer shows that this is another than was thought.</summary>
    /// <param name="read">Reads, given how far the source's clock is ahead; its samples stand for times by that clock.</param>
    public async Task<IReadOnlyList<Sample>> ReadAsync(Func<TimeSpan, Task<IReadOnlyList<Sample>>> read)
    {
        var by = Ahead;
        var samples = await read(by).ConfigureAwait(false);
        if (Ahead != by)
        {
            by = Ahead;
            samples = await read(by).ConfigureAwait(false);
        }

        return by == TimeSpan.Zero ? samples : [.. samples.Select(s => ByOurs(s, by))];
    }

    private static Sample ByOurs(Sample sample, TimeSpan ahead) =>
        sample with
        {
            At = sample.At - ahead,
            Detail =
                sample.Detail
                ?? Message.Of(
                    Differs,
                    ("by", ahead.Duration()),
                    ("way", Message.Of(ahead > TimeSpan.Zero ? "probes.clock.ahead" : "probes.clock.behind"))
                ),
        };

    private bool IsNear(TimeSpan offset, TimeSpan least, TimeSpan most) =>
        least - offset <= context.Every && offset - most <= context.Every;
}
