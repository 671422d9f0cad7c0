using Tidelock.Backups;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>G2: there will be a backup that is proven. Taking, verifying and rehearsing it is the run's step; this looks ahead.</summary>
internal sealed class BackupGate : IGate
{
    public string Name => "backup";

    public bool MayBeOverridden => false;

    public GateLevel Level(GateOptions options) => options.BackupLevel;

    public Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var options = context.Options.Backup;
        return Task.FromResult(
            options.By switch
            {
                BackupSource.PgDump => new GateFinding(
                    true,
                    Message.Of(
                        options.Proof == BackupLevel.Rehearsed
                            ? "gates.backup.rehearsed-by-run"
                            : "gates.backup.taken-by-run"
                    )
                ),
                BackupSource.File => NamedFile(context, options),
                BackupSource.Confirmed => Confirmed(context, options),
            }
        );
    }

    private GateFinding NamedFile(GateContext context, BackupOptions options)
    {
        var path = Path.GetFullPath(options.File!, context.Change.Folder);
        if (!Path.Exists(path))
        {
            return new GateFinding(false, Message.Of("gates.backup.missing", ("file", options.File)));
        }

        try
        {
            return Backup.Open(path).Manifest is null
                ? Foreign(context, options)
                : new GateFinding(
                    true,
                    Message.Of("gates.backup.named", ("file", options.File), ("age", options.MaxAge))
                );
        }
        catch (TidelockException broken)
        {
            return new GateFinding(false, broken.Problem);
        }
    }

    /// <summary>A dump does not tell which server it is of, and staging's database usually has the same name: a person says so.</summary>
    private GateFinding Foreign(GateContext context, BackupOptions options) =>
        context.WordsOn(Name, options.MaxAge).LastOrDefault(w => w.Kind == Runs.WordKind.Confirmed) is { } word
            ? new GateFinding(
                true,
                Message.Of(
                    "gates.backup.vouched",
                    ("file", options.File),
                    ("by", word.By),
                    ("at", word.At),
                    ("note", word.Note),
                    ("age", options.MaxAge)
                ),
                word.By
            )
            : new GateFinding(false, Message.Of("gates.backup.origin", ("file", options.File)));

    private GateFinding Confirmed(GateContext context, BackupOptions options)
    {
        var word = context.WordsOn(Name, options.MaxAge).LastOrDefault(w => w.Kind == Runs.WordKind.Confirmed);
        if (word is null)
        {
            return new GateFinding(false, Message.Of("gates.backup.unconfirmed"));
        }

        var age = context.Time.GetUtcNow() - word.At;
        return age <= options.MaxAge
            ? new GateFinding(
                true,
                Message.Of("gates.confirmed", ("by", word.By), ("at", word.At), ("note", word.Note)),
                word.By
            )
            : new GateFinding(
                false,
                Message.Of("gates.backup.too-old", ("by", word.By), ("age", age), ("limit", options.MaxAge))
            );
    }
}
