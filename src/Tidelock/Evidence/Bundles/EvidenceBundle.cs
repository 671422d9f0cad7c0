using System.Text;
using System.Text.Json;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Evidence.Bundles;

/// <summary>A statement that somebody signed, read from a file made on another machine.</summary>
/// <param name="Statement">What was signed.</param>
/// <param name="SignedBy">Whose key did, as the file of signers names him.</param>
public sealed record EvidenceBundle(EvidenceStatement Statement, string SignedBy)
{
    private const long Largest = 64 << 20;

    /// <summary>How far the other machine's clock may be ahead.</summary>
    private static readonly TimeSpan Ahead = TimeSpan.FromMinutes(5);

    /// <summary>The signed file of a statement.</summary>
    /// <param name="statement">What is signed.</param>
    /// <param name="keyFile">A private key; or a public one, whose private key an agent holds.</param>
    /// <exception cref="TidelockException">It could not be signed.</exception>
    public static async Task<string> SignAsync(
        EvidenceStatement statement,
        string keyFile,
        CancellationToken cancellation
    )
    {
        var envelope = SignedEnvelope.Unsigned(statement);
        var armored = await SshSignature
            .SignAsync(keyFile, SignedEnvelope.Namespace, envelope.Signed(), cancellation)
            .ConfigureAwait(false);
        return envelope.With(armored).ToJson();
    }

    /// <summary>The bundle; or why it counts for nothing, one of the two.</summary>
    /// <param name="path">The file.</param>
    /// <param name="signers">Whose signatures count.</param>
    /// <param name="now">This machine's time.</param>
    public static async Task<(EvidenceBundle? Bundle, Message? Problem)> ReadAsync(
        string path,
        AllowedSigners signers,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        try
        {
            if (new FileInfo(path).Length > Largest)
            {
                return (null, Message.Of("evidence.bundle.too-large", ("file", path), ("bytes", Largest)));
            }

            var envelope = SignedEnvelope.Parse(
                await File.ReadAllTextAsync(path, Encoding.UTF8, cancellation).ConfigureAwait(false)
            );
            return await VerifyAsync(path, envelope, signers, now, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, Message.Of("evidence.bundle.unreadable", ("file", path), ("reason", e.Message)));
        }
        catch (Exception e) when (e is JsonException or FormatException or NotSupportedException)
        {
            return (null, Message.Of("evidence.bundle.not-one", ("file", path), ("reason", e.Message)));
        }
    }

    private static async Task<(EvidenceBundle? Bundle, Message? Problem)> VerifyAsync(
        string path,
        SignedEnvelope envelope,
        AllowedSigners signers,
        DateTimeOffset now,
        CancellationToken cancellation
    )
    {
        // When it was signed is the signer's own word: his key must be valid now.
        var statement = EvidenceStatement.Parse(envelope.Bytes());
        if (
            statement is null
            || !string.Equals(envelope.PayloadType, SignedEnvelope.StatementType, StringComparison.Ordinal)
            || !string.Equals(statement.Type, EvidenceStatement.StatementType, StringComparison.Ordinal)
            || !string.Equals(statement.PredicateType, EvidenceStatement.EvidenceType, StringComparison.Ordinal)
        )
        {
            return (
                null,
                Message.Of(
                    "evidence.bundle.other-type",
                    ("file", path),
                    ("type", statement?.PredicateType ?? envelope.PayloadType)
                )
            );
        }

        var made = statement.Predicate.MadeAt;
        if (made > now + Ahead)
        {
            return (null, Message.Of("evidence.bundle.from-tomorrow", ("file", path), ("made", made), ("now", now)));
        }

        Message? problem = null;
        foreach (var signature in envelope.Signatures)
        {
            var (by, why) = await SshSignature
                .VerifyAsync(
                    signers,
                    SignedEnvelope.Namespace,
                    null,
                    envelope.Signed(),
                    signature.Armored(),
                    now,
                    cancellation
                )
                .ConfigureAwait(false);
            if (by is not null)
            {
                return (new EvidenceBundle(statement, by), null);
            }

            problem ??= why;
        }

        return (
            null,
            problem is null
                ? Message.Of("evidence.bundle.unsigned", ("file", path))
                : Message.Of("evidence.bundle.not-good", ("file", path), ("problem", problem))
        );
    }
}
