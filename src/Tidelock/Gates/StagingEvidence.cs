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
        return bundle is null ? new GateFinding(false, problem!) : Judge(context, bundle, options, file);
    }

    /// <summary>
    /// The team's list counts where there is one. The change's own counts only where no policy demands this gate: its author would vouch for
    /// himself.
    /// </summary>
    private static AllowedSigners? Signers(GateContext context, SoakGateOptions options) =>
        context.Options.Policy is { } policy && (policy.Signers is not null || policy.Gates?["staging"].Exists == true)
            ? policy.Signers
        : options.Signers is { } own ? new AllowedSigners(Path.GetFullPath(own, context.Change.Folder))
        : null;

    private static GateFinding Judge(GateContext context, EvidenceBundle bundle, SoakGateOptions options, string file)
    {
        var digest = context.Change.Digest;
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
        var seenFrom = SoakStanding.SeenFrom(predicate.AppliedAt, ended, predicate.Criteria.Any(c => c.Breached > 0));
        var standing = SoakStanding.Of(seenFrom, ended, looks, options.Gap, predicate.MadeAt);
        var place = new SoakPlace(context.Change.Folder, predicate.Target, context.Time.GetUtcNow());
        var finding = StagingGate.Judge(standing, options, place);
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
