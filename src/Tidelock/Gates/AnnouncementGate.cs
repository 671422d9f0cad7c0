using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G4: the team was told early enough. Somebody says so, and when it was written down is what counts.</summary>
internal sealed class AnnouncementGate : IGate
{
    public string Name => "announcement";

    public GateLevel Level(GateOptions options) => options.Announcement.Level;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var before = context.Options.Announcement.Before;
        var first = context.WordsOn(Name, before).FirstOrDefault(w => w.Kind == Runs.WordKind.Confirmed);
        if (first is null)
        {
            return Task.FromResult(
                new GateFinding(
                    false,
                    context.Unconfirmed(Name, Message.Of("gates.announcement.missing", ("before", before)))
                )
            );
        }

        var ago = context.Time.GetUtcNow() - first.At;
        return Task.FromResult(
            ago >= before
                ? new GateFinding(
                    true,
                    Message.Of("gates.announcement.given", ("by", first.By), ("ago", ago), ("note", first.Note)),
                    first.By
                )
                : new GateFinding(
                    false,
                    Message.Of(
                        "gates.announcement.too-late",
                        ("by", first.By),
                        ("ago", ago),
                        ("before", before),
                        ("left", before - ago)
                    )
                )
        );
    }
}
