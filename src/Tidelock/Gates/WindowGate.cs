using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G7: local time lies inside the window. The end is exclusive; a window may cross midnight.</summary>
internal sealed class WindowGate : IGate
{
    public string Name => "window";

    public bool MayBeConfirmed => false;

    public GateLevel Level(GateOptions options) => options.Window.Level;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var options = context.Options.Window;
        var zone = TimeZoneInfo.FindSystemTimeZoneById(options.Zone);
        var now = TimeOnly.FromDateTime(TimeZoneInfo.ConvertTime(context.Time.GetUtcNow(), zone).DateTime);
        var (from, to) = (options.From ?? TimeOnly.MinValue, options.To ?? TimeOnly.MinValue);
        return Task.FromResult(
            new GateFinding(Contains(from, to, now), Finding(Contains(from, to, now), from, to, now, options.Zone))
        );
    }

    private static bool Contains(TimeOnly from, TimeOnly to, TimeOnly now) => from == to || now.IsBetween(from, to);

    private static Message Finding(bool inside, TimeOnly from, TimeOnly to, TimeOnly now, string zone) =>
        Message.Of(
            inside ? "gates.window.inside" : "gates.window.outside",
            ("now", Clock(now)),
            ("from", Clock(from)),
            ("to", Clock(to)),
            ("zone", zone)
        );

    private static string Clock(TimeOnly time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);
}
