using System.Text.Json;
using Tidelock.Calendars;

namespace Tidelock.Runs;

/// <summary>When a run that was planned ahead makes its change: T-0. What has to be ready by then is done before.</summary>
/// <param name="StartsAt">T-0.</param>
/// <param name="Zone">By whose clock people are told.</param>
public sealed record Appointment(DateTimeOffset StartsAt, string Zone)
{
    /// <summary>The step that waits for it.</summary>
    public const string Step = "appointment";

    /// <summary>The fact that says it.</summary>
    public const string Fact = "planned";

    /// <summary>How long before it a run begins to get ready unless somebody says otherwise.</summary>
    public static TimeSpan UsuallyPrepares { get; } = TimeSpan.FromMinutes(30);

    /// <summary>How long after it a run still waits for what is late.</summary>
    public static TimeSpan MayBeLate { get; } = TimeSpan.FromMinutes(15);

    /// <summary>As people read it.</summary>
    public string Shown => ZoneTime.Find(Zone)?.Show(StartsAt) ?? $"{StartsAt:u}";

    internal FactRecorded AsEvent() =>
        new(Step, Fact, JsonSerializer.SerializeToElement(this, RunJson.Readable.Appointment));

    internal static Appointment? Of(RunState state) =>
        state.Fact(Step, Fact)?.Deserialize(RunJson.Readable.Appointment);
}
