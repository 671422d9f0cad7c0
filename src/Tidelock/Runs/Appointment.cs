using System.Text.Json.Serialization;
using Tidelock.Calendars;

namespace Tidelock.Runs;

/// <summary>When a run that was planned ahead makes its change: T-0. What has to be ready by then is done before.</summary>
/// <param name="StartsAt">T-0.</param>
/// <param name="Zone">By whose clock people are told.</param>
public sealed record Appointment(DateTimeOffset StartsAt, string Zone)
{
    /// <summary>The step that waits for it.</summary>
    public const string Step = "appointment";

    /// <summary>How long before it a run begins to get ready unless somebody says otherwise.</summary>
    public static TimeSpan UsuallyPrepares { get; } = TimeSpan.FromMinutes(30);

    /// <summary>How long after it a run still waits for what is late.</summary>
    public static TimeSpan MayBeLate { get; } = TimeSpan.FromMinutes(15);

    /// <summary>As people read it.</summary>
    [JsonIgnore]
    public string Shown => (ZoneTime.Find(Zone) ?? Window.Any.Zone).Show(StartsAt);
}
