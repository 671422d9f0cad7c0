using Tidelock.Backups;
using Tidelock.Backups.Dumps;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// G2: there will be a backup that is proven as far as the change demands. Taking, verifying and rehearsing it is the run's step; this looks
/// ahead.
/// </summary>
/// <param name="sources">Who is asked about backups that Tidelock does not write itself.</param>
internal sealed class BackupGate(params IReadOnlyList<IBackupSource> sources) : IGate
{
    public string Name => "backup";

    public bool MayBeOverridden => false;

    public GateLevel Level(GateOptions options) => options.BackupLevel;

    public async Task<GateFinding> EvaluateAsync(GateContext context, CancellationToken cancellation)
    {
        var options = context.Options.Backup;
        if (sources.FirstOrDefault(s => s.By == options.By) is { } source)
        {
            return await LookAsync(source, context, cancellation).ConfigureAwait(false);
        }

        return options.By switch
        {
            BackupSource.PgDump => await TakenByRunAsync(context, options, cancellation).ConfigureAwait(false),
            BackupSource.File => NamedFile(context, options),
            BackupSource.PgBackRest or BackupSource.Command => throw new InvalidOperationException(
                $"nobody asks {options.By}"
            ),
            BackupSource.Confirmed => Confirmed(context, options),
        };
    }

    /// <summary>Production's data may lie unencrypted on another machine only with a named person's consent.</summary>
    private async Task<GateFinding> TakenByRunAsync(
        GateContext context,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        var taken = Message.Of(
            options.Encrypt is null ? "gates.backup.by-run" : "gates.backup.by-run-encrypted",
            ("proof", BackupLevels.Demanded(options.Proof)),
            ("tool", options.Encrypt?.Tool.ToString().ToLowerInvariant())
        );
        try
        {
            taken = await RehearsedBackup.FindAsync(context, cancellation).ConfigureAwait(false) ?? taken;
            return await ConsentedAsync(context, options, taken, cancellation).ConfigureAwait(false);
        }
        catch (TidelockException unreachable)
        {
            return new GateFinding(false, unreachable.Problem);
        }
    }

    /// <summary>Passed, where no production's data come to lie on another machine, or a named person wants it so.</summary>
    private async Task<GateFinding> ConsentedAsync(
        GateContext context,
        BackupOptions options,
        Message finding,
        CancellationToken cancellation
    )
    {
        var isProduction = context.TargetEnvironment.Name != context.Options.Staging.Environment;
        var elsewhere = await PlainElsewhere
            .ProblemAsync(options.In(context.Change.Folder), isProduction, context.Target, cancellation)
            .ConfigureAwait(false);
        return elsewhere is null ? new GateFinding(true, finding)
            : context.Confirmation(Name) is { } word ? new GateFinding(true, BackupConsent.Of(finding, word), word.By)
            : new GateFinding(false, context.Unconfirmed(Name, elsewhere));
    }

    private async Task<GateFinding> LookAsync(IBackupSource source, GateContext context, CancellationToken cancellation)
    {
        const string name = "tidelock";
        var request = new BackupRequest(
            context.Options.Backup,
            context.Change.Folder,
            context.Target,
            name,
            stop => PostgresSession.OpenAsync(context.Target, name, stop)
        );
        var standing = await source.LookAsync(request, cancellation).ConfigureAwait(false);
        return standing.Passed
            ? await ConsentedAsync(context, context.Options.Backup, standing.Finding, cancellation)
                .ConfigureAwait(false)
            : new GateFinding(false, standing.Finding);
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
                ? Foreign(context, options, path)
                : new GateFinding(true, Named("gates.backup.named", options));
        }
        catch (TidelockException broken)
        {
            return new GateFinding(false, broken.Problem);
        }
    }

    /// <summary>A dump does not tell which server it is of, and staging's database usually has the same name: a person says so.</summary>
    private GateFinding Foreign(GateContext context, BackupOptions options, string path)
    {
        var isPlain = DumpKind.IsPlainText(path);
        if (
            isPlain
            && DumpKind.Problem(path) is { } why
            && (options.Proof > BackupLevel.Taken || !DumpKind.IsWhole(path))
        )
        {
            return new GateFinding(
                false,
                Message.Of("gates.backup.plain-refused", ("why", why), ("proof", BackupLevels.Demanded(options.Proof)))
            );
        }

        var named = isPlain
            ? Message.Of("gates.backup.plain", ("file", options.File))
            : Named("gates.backup.named", options);
        return context.WordsOn(Name, options.MaxAge).LastOrDefault(w => w.Kind == WordKind.Confirmed) is { } word
                ? new GateFinding(
                    true,
                    Message.Of(
                        "gates.backup.vouched",
                        ("named", named),
                        ("by", word.By),
                        ("at", word.At),
                        ("note", word.Note)
                    ),
                    word.By
                )
            : options.Proof == BackupLevel.Taken
                ? new GateFinding(true, Message.Of("gates.backup.unvouched", ("named", named)))
            : new GateFinding(false, Message.Of("gates.backup.origin", ("file", options.File)));
    }

    private static Message Named(string code, BackupOptions options) =>
        Message.Of(
            code,
            ("file", options.File),
            ("proof", BackupLevels.Demanded(options.Proof)),
            ("age", options.MaxAge)
        );

    private GateFinding Confirmed(GateContext context, BackupOptions options)
    {
        var word = context.WordsOn(Name, options.MaxAge).LastOrDefault(w => w.Kind == WordKind.Confirmed);
        if (word is null)
        {
            return new GateFinding(false, Message.Of("gates.backup.unconfirmed"));
        }

        var age = context.Time.GetUtcNow() - word.At;
        return age <= options.MaxAge
            ? new GateFinding(
                true,
                Message.Of("gates.backup.word", ("by", word.By), ("at", word.At), ("note", word.Note)),
                word.By
            )
            : new GateFinding(
                false,
                Message.Of("gates.backup.too-old", ("by", word.By), ("age", age), ("limit", options.MaxAge))
            );
    }
}
