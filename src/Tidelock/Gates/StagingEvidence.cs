using Tidelock.Evidence;
using Tidelock.Evidence.Bundles;
using Tidelock.Evidence.Soaking;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>Staging's evidence from a file: signed by somebody the team named, of this digest there, and seen for long enough.</summary>
internal static class StagingEvidence
{
    public static async Task<GateFinding> JudgeAsync(
        GateContext context,
        SoakGateOptions options,
        CancellationToken cancellation
    )
    {
        var file = Path.GetFullPath(options.Evidence!, context.Change.Folder);
        if (Signers(context, options) is not { } signers)
        {
            return Refused("gates.staging.unsigned", ("file", file));
        }

        var (bundle, problem) = await EvidenceBundle
            .ReadAsync(file, signers, context.Time.GetUtcNow(), cancellation)
            .ConfigureAwait(false);
        return bundle is null
            ? new GateFinding(false, problem!)
            : Judge(bundle, options, context.Change.Digest, context.Change.Folder, file);
    }

    /// <summary>The team's list counts where there is one, and the change's own where there is none.</summary>
    private static AllowedSigners? Signers(GateContext context, SoakGateOptions options) =>
        context.Options.Policy?.Signers
        ?? (options.Signers is { } own ? new AllowedSigners(Path.GetFullPath(own, context.Change.Folder)) : null);

    private static GateFinding Judge(
        EvidenceBundle bundle,
        SoakGateOptions options,
        string digest,
        string change,
        string file
    )
    {
        var statement = bundle.Statement;
        var predicate = statement.Predicate;
        var run = statement.Subject.FirstOrDefault(s =>
            s.Name.StartsWith(EvidenceStatement.JournalPrefix, StringComparison.Ordinal)
        );
        var of = statement.DigestOf(EvidenceStatement.ChangePrefix);
        if (!string.Equals(of, digest, StringComparison.Ordinal))
        {
            return Refused("gates.staging.other-digest", ("file", file), ("of", of), ("digest", digest));
        }

        if (!string.Equals(predicate.Environment, options.Environment, StringComparison.Ordinal))
        {
            return Refused(
                "gates.staging.other-environment",
                ("file", file),
                ("of", predicate.Environment),
                ("environment", options.Environment)
            );
        }

        if (
            run is null
            || predicate.Superseded
            || predicate is not { Result: RunStanding.Completed, EndedAt: { } ended }
        )
        {
            return Refused("gates.staging.not-completed", ("file", file), ("environment", options.Environment));
        }

        var looks = predicate.Looks(run.Name[EvidenceStatement.JournalPrefix.Length..]);
        var standing = SoakStanding.Of(ended, looks, options.Gap, predicate.MadeAt);
        var finding = StagingGate.Judge(standing, options, change);
        return finding with
        {
            Finding = Message.Of(
                "gates.staging.by-evidence",
                ("finding", finding.Finding),
                ("file", file),
                ("by", bundle.SignedBy),
                ("made", predicate.MadeAt),
                ("head", run.Digest.Sha256)
            ),
        };
    }

    private static GateFinding Refused(string code, params ReadOnlySpan<(string Name, object? Value)> words) =>
        new(false, Message.Of(code, words));
}
