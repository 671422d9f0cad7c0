using Tidelock.Notifications.PagerDuty;
using Tidelock.Policies;
using Tidelock.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Gates;

/// <summary>
/// G8: enough different people stand by: PagerDuty says who is on call from now until the watch would be over, or they say so for this
/// start themselves. The two are not added up, for nobody knows whether they are the same people.
/// </summary>
internal sealed class OnCallGate : IGate
{
    /// <summary>How long the steps before the watch may take.</summary>
    private static readonly TimeSpan Steps = TimeSpan.FromMinutes(30);

    public string Name => "on-call";

    public GateLevel Level(GateOptions options) => options.OnCall.Level;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var said = Said(context);
        return said.Passed || context.Options.OnCall.PagerDuty is not { } pagerDuty
            ? said
            : await OnCallAsync(context, pagerDuty, cancellation).ConfigureAwait(false);
    }

    private GateFinding Said(GateContext context)
    {
        var needed = context.Options.OnCall.People;
        var people = context
            .WordsOn(Name)
            .Where(w => w.Kind == WordKind.Confirmed)
            .Select(w => w.By)
            .Aggregate(
                new List<string>(),
                (known, by) => known.Exists(k => PersonName.IsSame(k, by)) ? known : [.. known, by]
            );
        var names = Names(people);
        return people.Count >= needed
            ? new GateFinding(true, Message.Of("gates.on-call.enough", ("people", names), ("needed", needed)), names)
            : new GateFinding(
                false,
                Message.Of("gates.on-call.too-few", ("count", people.Count), ("needed", needed), ("people", names))
            );
    }

    private static async Task<GateFinding> OnCallAsync(
        GateContext context,
        PagerDutyOnCallOptions pagerDuty,
        CancellationToken cancellation
    )
    {
        var now = context.Start;
        var until = now + Steps + context.Change.Section<WatchOptions>().For;
        var (roster, problem) = await new PagerDutyOnCalls(pagerDuty, context.Time)
            .ReadAsync(now, until, cancellation)
            .ConfigureAwait(false);
        if (roster is null)
        {
            return new GateFinding(false, Message.Of("gates.on-call.unknown", ("problem", problem)));
        }

        var needed = context.Options.OnCall.People;
        var thinnest = roster.Thinnest;
        var people = roster.At(thinnest);
        return people.Count >= needed
            ? new GateFinding(
                true,
                Message.Of(
                    "gates.on-call.on-duty",
                    ("people", Names(roster.At(now))),
                    ("needed", needed),
                    ("until", until)
                )
            )
            : new GateFinding(
                false,
                Message.Of(
                    "gates.on-call.off-duty",
                    ("count", people.Count),
                    ("needed", needed),
                    ("at", thinnest),
                    ("people", Names(people))
                )
            );
    }

    private static string Names(IReadOnlyList<string> people) => people.Count > 0 ? string.Join(", ", people) : "-";
}
