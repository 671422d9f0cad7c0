using Tidelock.Calendars;
using Tidelock.Changes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Gates;

/// <summary>G7: the whole run, its watch included, lies in the window. Going back is allowed at any time.</summary>
internal sealed class WindowGate : IGate
{
    public string Name => "window";

    public bool MayBeConfirmed => false;

    public GateLevel Level(GateOptions options) => options.Window.Level;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var window = context.Options.Window.Window;
        return Task.FromResult(Find(window, context.Start, Length(context.Change)));
    }

    /// <summary>How long a run of the change takes, its watch included.</summary>
    public static TimeSpan Length(Change change) =>
        change.Section<GateOptions>().Window.Window.Takes + change.Section<WatchOptions>().For;

    /// <summary>Whether a run of that length may begin then, for people.</summary>
    public static GateFinding Find(Window window, DateTimeOffset start, TimeSpan length)
    {
        var look = window.Look(start, length);
        var code = look switch
        {
            { Fits: true, OpenUntil: { } until } when until == DateTimeOffset.MaxValue => "gates.window.open",
            { Fits: true } => "gates.window.fits",
            { Next: null } => "gates.window.never",
            { OpenUntil: not null } => "gates.window.closes",
            _ => "gates.window.shut",
        };
        return new GateFinding(
            look.Fits,
            Message.Of(
                code,
                ("start", window.Zone.Show(start)),
                ("takes", length),
                ("until", Shown(look.OpenUntil)),
                ("next", Shown(look.Next)),
                ("ahead", Window.Ahead)
            )
        );

        string Shown(DateTimeOffset? at) =>
            at is { } known && known < DateTimeOffset.MaxValue ? window.Zone.Show(known) : "-";
    }
}
