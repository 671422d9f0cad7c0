using Tidelock.Runs;

namespace Tidelock.Evidence;

/// <summary>
/// T-30 to T+60: what is due, done and late. T-0 is when the migration step began; until then everything is counted from now, so a
/// long backup makes nothing late. A run that was planned has its T-0 from the beginning, and all of it is counted from that. A watch other than 30 minutes, declared or made longer by people, moves the points after it.
/// </summary>
/// <param name="Zero">T-0; the time it would be if it began now where it has not begun.</param>
/// <param name="Points">In the order in which they are due.</param>
public sealed record Timeline(DateTimeOffset Zero, IReadOnlyList<TimelinePoint> Points)
{
    private static readonly TimeSpan Notice = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan ToMigrate = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ToVerify = TimeSpan.FromMinutes(10);

    /// <summary>A planned start that is no later than this is in time.</summary>
    private static readonly TimeSpan InTime = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ToDeclare = TimeSpan.FromMinutes(20);

    public static Timeline Of(RunState state, DateTimeOffset now)
    {
        var began = state.Step("migrate").StartedAt;
        var over = state.Status is RunStatus.Ended || state.Rollback is not null;
        var planned = state.Appointment?.StartsAt;
        var zero = planned ?? began ?? (over ? state.EndedAt ?? state.StartedAt : now);
        var watched = ToVerify + (state.WatchFor ?? TimeSpan.FromMinutes(30));
        TimelinePoint At(TimelineMark mark, TimeSpan offset, DateTimeOffset? done, TimeSpan slack = default) =>
            new(mark, offset, zero + offset, done, StandingOf(zero + offset + slack, done, over, now));
        return new Timeline(
            zero,
            [
                .. Announcement(state, zero),
                .. planned is null
                    ? Array.Empty<TimelinePoint>()
                    : [At(TimelineMark.Prepared, TimeSpan.Zero, Passed(state, "backup", "baseline"))],
                At(TimelineMark.Start, TimeSpan.Zero, began, planned is null ? default : InTime),
                At(TimelineMark.Migrated, ToMigrate, state.AppliedAt),
                At(TimelineMark.Verified, ToVerify, Passed(state, "verify", "smoke", "application")),
                At(TimelineMark.Watched, watched, Passed(state, "watch")),
                At(TimelineMark.Declared, watched + ToDeclare, Passed(state, "complete")),
            ]
        );
    }

    /// <summary>Of a run that is planned, before it has begun.</summary>
    public static Timeline Ahead(Appointment appointment, TimeSpan watchFor, DateTimeOffset now)
    {
        var zero = appointment.StartsAt;
        TimelinePoint At(TimelineMark mark, TimeSpan offset) =>
            new(mark, offset, zero + offset, null, StandingOf(zero + offset, null, over: false, now));
        return new Timeline(
            zero,
            [
                At(TimelineMark.Announced, -Notice),
                At(TimelineMark.Prepared, TimeSpan.Zero),
                At(TimelineMark.Start, TimeSpan.Zero),
                At(TimelineMark.Migrated, ToMigrate),
                At(TimelineMark.Verified, ToVerify),
                At(TimelineMark.Watched, ToVerify + watchFor),
                At(TimelineMark.Declared, ToVerify + watchFor + ToDeclare),
            ]
        );
    }

    /// <summary>
    /// The gate knows whether the team was told in time; when it was told stands in the gate's finding. A run without that gate was begun
    /// without a notice, and none is due.
    /// </summary>
    private static IEnumerable<TimelinePoint> Announcement(RunState state, DateTimeOffset zero) =>
        state.Gates.TryGetValue("announcement", out var gate)
            ?
            [
                new TimelinePoint(
                    TimelineMark.Announced,
                    -Notice,
                    zero - Notice,
                    null,
                    gate is { Passed: true, Overridden: false } ? TimelineStanding.Done : TimelineStanding.Missed
                ),
            ]
            : [];

    private static TimelineStanding StandingOf(
        DateTimeOffset due,
        DateTimeOffset? done,
        bool over,
        DateTimeOffset now
    ) =>
        done switch
        {
            { } at when at > due => TimelineStanding.DoneLate,
            not null => TimelineStanding.Done,
            null when over => TimelineStanding.NotReached,
            null when now > due => TimelineStanding.Late,
            null => TimelineStanding.Due,
        };

    private static DateTimeOffset? Passed(RunState state, params ReadOnlySpan<string> steps)
    {
        DateTimeOffset? last = null;
        foreach (var name in steps)
        {
            var step = state.Step(name);
            if (step.Status != StepStatus.Passed || step.EndedAt is null)
            {
                return null;
            }

            last = last > step.EndedAt ? last : step.EndedAt;
        }

        return last;
    }
}

/// <summary>One point of the timeline.</summary>
/// <param name="Mark">Which.</param>
/// <param name="Offset">From T-0.</param>
/// <param name="Due">When it is due.</param>
/// <param name="DoneAt">When it was done; null where it is not, or where only that it was done is known.</param>
/// <param name="Standing">Due, done or late.</param>
public sealed record TimelinePoint(
    TimelineMark Mark,
    TimeSpan Offset,
    DateTimeOffset Due,
    DateTimeOffset? DoneAt,
    TimelineStanding Standing
)
{
    /// <summary>As people say it: <c>T-30</c>, <c>T-0</c>, <c>T+5</c>; <c>T+10:15</c> with seconds where there are any.</summary>
    public string Label
    {
        get
        {
            var size = Offset.Duration();
            var sign = Offset > TimeSpan.Zero ? '+' : '-';
            var minutes = (int)size.TotalMinutes;
            return size.Seconds == 0
                ? FormattableString.Invariant($"T{sign}{minutes}")
                : FormattableString.Invariant($"T{sign}{minutes}:{size.Seconds:00}");
        }
    }
}

public enum TimelineMark
{
    Announced,

    /// <summary>Of a run that was planned: all that is to be done before the change is.</summary>
    Prepared,
    Start,
    Migrated,
    Verified,
    Watched,
    Declared,
}

public enum TimelineStanding
{
    /// <summary>Not yet done, and there is time.</summary>
    Due,
    Done,

    /// <summary>Done, after it was due.</summary>
    DoneLate,

    /// <summary>Not done, and it was due.</summary>
    Late,

    /// <summary>The gate for it was not passed, or was overridden.</summary>
    Missed,

    /// <summary>The run ended, or turned back, before it.</summary>
    NotReached,
}
