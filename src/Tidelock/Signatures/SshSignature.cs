using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Signatures;

/// <summary>
/// A signature by a person's own SSH key, made and verified by <c>ssh-keygen -Y</c>, so that agents, hardware tokens and certificates work as
/// they do elsewhere. No key is ever read here, and none stands in an argument: only paths do.
/// </summary>
public static class SshSignature
{
    private const string Begin = "-----BEGIN SSH SIGNATURE-----";
    private const string End = "-----END SSH SIGNATURE-----";
    private const int LengthOfMagicAndVersion = 10;

    /// <summary>A hardware token waits for a touch.</summary>
    private static readonly TimeSpan SigningTakes = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan VerifyingTakes = TimeSpan.FromSeconds(20);

    /// <param name="keyFile">A private key; or a public one, whose private key an agent holds.</param>
    /// <param name="namespace">What the signature is for: it counts for nothing else.</param>
    /// <param name="message">What is signed.</param>
    /// <param name="cancellation">Ends the waiting for a token.</param>
    /// <returns>The signature as OpenSSH writes it.</returns>
    /// <exception cref="TidelockException"><c>signatures.not-signed</c>; <c>programs.not-found</c> without OpenSSH.</exception>
    public static async Task<string> SignAsync(
        string keyFile,
        string @namespace,
        byte[] message,
        CancellationToken cancellation
    )
    {
        if (!File.Exists(keyFile))
        {
            throw new TidelockException(Message.Of("signatures.no-key", ("key", keyFile)), ExitCode.Mistake);
        }

        var signed = await RunAsync(message, SigningTakes, ["sign", "-f", keyFile, "-n", @namespace], cancellation)
            .ConfigureAwait(false);
        return signed.Succeeded && signed.Output.StartsWith(Begin, StringComparison.Ordinal)
            ? signed.Output
            : throw new TidelockException(
                Message.Of("signatures.not-signed", ("key", keyFile), ("words", Words(signed))),
                ExitCode.Refused
            );
    }

    /// <summary>Whether one of the signers made this signature of this message, and which.</summary>
    /// <param name="signers">Whose signatures count.</param>
    /// <param name="namespace">What the signature must be for.</param>
    /// <param name="principal">Who must have made it; null for any of the signers.</param>
    /// <param name="message">What must have been signed.</param>
    /// <param name="signature">The signature as OpenSSH writes it.</param>
    /// <param name="at">When it was made: the key must have been valid then, and must not be revoked now.</param>
    /// <param name="cancellation">The caller's.</param>
    /// <returns>Who made it, or why it does not count: one of the two. Never throws for a bad signature, a file that is not there, or a missing program.</returns>
    public static async Task<(string? Principal, Message? Problem)> VerifyAsync(
        AllowedSigners signers,
        string @namespace,
        string? principal,
        byte[] message,
        string signature,
        DateTimeOffset at,
        CancellationToken cancellation
    )
    {
        foreach (var file in (string?[])[signers.File, signers.Revoked])
        {
            if (file is not null && !File.Exists(file))
            {
                return (null, Message.Of("signatures.no-file", ("file", file)));
            }
        }

        var folder = Directory.CreateTempSubdirectory("tidelock-signature-");
        try
        {
            var file = Path.Combine(folder.FullName, "signature");
            await File.WriteAllTextAsync(file, signature, cancellation).ConfigureAwait(false);
            return await VerifyFileAsync(signers, @namespace, principal, message, file, at, cancellation)
                .ConfigureAwait(false);
        }
        catch (TidelockException e)
        {
            return (null, e.Problem);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>
    /// The key that made a signature, as <c>ssh-keygen -l</c> shows it (<c>SHA256:…</c>), also where it came with a certificate; null where it
    /// is none. Says nothing about whether it is good.
    /// </summary>
    public static string? KeyOf(string signature)
    {
        var begin = signature.IndexOf(Begin, StringComparison.Ordinal);
        var end = signature.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            return null;
        }

        try
        {
            // "SSHSIG", a version, and then the public key with its length before it.
            var blob = Convert.FromBase64String(signature[(begin + Begin.Length)..end]);
            var length = BinaryPrimitives.ReadInt32BigEndian(blob.AsSpan(LengthOfMagicAndVersion));
            var key = blob.AsSpan(LengthOfMagicAndVersion + sizeof(int), length);
            return "SHA256:" + Convert.ToBase64String(SHA256.HashData(SshKeyBlob.OfKey(key))).TrimEnd('=');
        }
        catch (Exception e) when (e is FormatException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static async Task<(string? Principal, Message? Problem)> VerifyFileAsync(
        AllowedSigners signers,
        string @namespace,
        string? principal,
        byte[] message,
        string file,
        DateTimeOffset at,
        CancellationToken cancellation
    )
    {
        // Local time: before OpenSSH 9.1 there is no letter for UTC.
        var then = "-Overify-time=" + at.LocalDateTime.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        var found = await RunAsync(
                message,
                VerifyingTakes,
                ["find-principals", "-f", signers.File, "-s", file, then],
                cancellation
            )
            .ConfigureAwait(false);
        var makers = found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (makers.Length == 0)
        {
            return (
                null,
                Message.Of("signatures.unknown-key", ("file", signers.File), ("at", at), ("words", Words(found)))
            );
        }

        var who = principal ?? makers[0];

        // A key whose line says *@example.com would speak for everybody.
        if (!makers.SelectMany(m => m.Split(',')).Contains(who, StringComparer.Ordinal))
        {
            return (
                null,
                Message.Of(
                    "signatures.not-good",
                    ("who", who),
                    ("file", signers.File),
                    ("makers", string.Join(", ", makers)),
                    ("words", "-")
                )
            );
        }

        string[] verify = ["verify", "-f", signers.File, "-I", who, "-n", @namespace, "-s", file, then];
        var good = await RunAsync(message, VerifyingTakes, verify, cancellation).ConfigureAwait(false);
        if (!good.Succeeded)
        {
            return (
                null,
                Message.Of(
                    "signatures.not-good",
                    ("who", who),
                    ("file", signers.File),
                    ("makers", string.Join(", ", makers)),
                    ("words", Words(good))
                )
            );
        }

        // It does not say itself that a key is revoked.
        return
            signers.Revoked is not { } revoked
            || (
                await RunAsync(message, VerifyingTakes, [.. verify, "-r", revoked], cancellation).ConfigureAwait(false)
            ).Succeeded
            ? (who, null)
            : (null, Message.Of("signatures.revoked", ("who", who), ("file", revoked)));
    }

    private static async Task<ProgramResult> RunAsync(
        byte[] message,
        TimeSpan limit,
        string[] arguments,
        CancellationToken cancellation
    )
    {
        using var deadline = new CancellationTokenSource(limit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        var program = new ChildProgram("ssh-keygen", ["-Y", .. arguments]) { Input = message };
        try
        {
            return await program.RunAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TidelockException(Message.Of("signatures.too-slow", ("limit", limit)), ExitCode.Refused);
        }
    }

    private static string Words(ProgramResult result) => result.LastWords.ReplaceLineEndings("; ");
}
