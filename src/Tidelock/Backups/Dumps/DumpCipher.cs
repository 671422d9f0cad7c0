using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

/// <summary>
/// A program that encrypts files for recipients, and decrypts them with a key that it finds itself: in the file of an identity, or in its own
/// home. No key is ever an argument.
/// </summary>
/// <param name="Program">Its name.</param>
/// <param name="Extension">Of an encrypted file: <c>.age</c>.</param>
/// <param name="Recipients">For whom it encrypts.</param>
internal abstract record DumpCipher(string Program, string Extension, IReadOnlyList<string> Recipients)
{
    public static DumpCipher Of(DumpEncryption options) =>
        options.Tool switch
        {
            EncryptionTool.Age => new AgeCipher(options.Recipients, options.Identity),
            EncryptionTool.Gpg => new GpgCipher(options.Recipients, options.Home),
        };

    /// <summary>What decrypts a dump here; null where this machine has no key for it.</summary>
    /// <param name="encryption">How the dump was encrypted.</param>
    /// <param name="keys">What this machine has; null for nothing.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<DumpCipher?> ForAsync(
        EncryptedFiles encryption,
        DumpEncryption? keys,
        CancellationToken cancellation
    ) =>
        keys is not null
        && keys.Tool == encryption.Tool
        && Of(keys) is var cipher
        && await cipher.HasKeyAsync(encryption.Recipients, cancellation).ConfigureAwait(false)
            ? cipher
            : null;

    /// <summary>Whether this machine has been told a key to decrypt with.</summary>
    protected abstract Task<bool> HasKeyAsync(IReadOnlyList<string> recipients, CancellationToken cancellation);

    protected abstract ChildProgram Encrypting(string plain, string cipher);

    protected abstract ChildProgram Decrypting(string cipher, string plain);

    /// <summary>Why it cannot encrypt, found out by doing it once: the program, or a recipient's key, is missing, or the key that is here does not open it again. Null when it can.</summary>
    /// <param name="folder">Where the attempt is written.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<Message?> LackingAsync(string folder, CancellationToken cancellation)
    {
        var probe = Path.Combine(folder, "probe");
        await File.WriteAllTextAsync(probe, Program, cancellation).ConfigureAwait(false);
        var problem = await EncryptAsync(probe, cancellation).ConfigureAwait(false);
        if (problem is null && await HasKeyAsync(Recipients, cancellation).ConfigureAwait(false))
        {
            problem = await DecryptAsync(probe + Extension, probe, cancellation).ConfigureAwait(false);
        }

        File.Delete(probe);
        File.Delete(probe + Extension);
        return problem;
    }

    /// <summary>Puts the encrypted file in the plain one's place; null when that is done.</summary>
    public async Task<Message?> EncryptAsync(string plain, CancellationToken cancellation)
    {
        var problem = await RunAsync(
                "backups.encryption.failed",
                to => Encrypting(plain, to),
                plain + Extension,
                cancellation
            )
            .ConfigureAwait(false);
        if (problem is null)
        {
            File.Delete(plain);
        }

        return problem;
    }

    /// <summary>Writes what is in an encrypted file; null when that is done, and else nothing of it is left.</summary>
    public Task<Message?> DecryptAsync(string cipher, string plain, CancellationToken cancellation) =>
        RunAsync("backups.encryption.not-decrypted", to => Decrypting(cipher, to), plain, cancellation);

    /// <summary>Both programs leave half a file behind when they fail.</summary>
    private async Task<Message?> RunAsync(
        string failed,
        Func<string, ChildProgram> program,
        string to,
        CancellationToken cancellation
    )
    {
        if (ProgramPaths.Find(Program) is null)
        {
            return Message.Of(
                "backups.encryption.no-program",
                ("program", Program),
                ("command", ProgramFolders.InstallCommand(Package, Package))
            );
        }

        var part = to + ".part";
        try
        {
            var ran = await program(part).RunAsync(cancellation).ConfigureAwait(false);
            if (!ran.Succeeded)
            {
                return Message.Of(
                    failed,
                    ("program", Program),
                    ("file", Path.GetFileName(to)),
                    ("exit", ran.ExitCode),
                    ("words", ran.LastWords)
                );
            }

            await using (var written = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
            {
                // What it was made from is removed next.
                written.Flush(flushToDisk: true);
            }

            File.Move(part, to);
            return null;
        }
        finally
        {
            File.Delete(part);
        }
    }

    protected abstract string Package { get; }
}

/// <summary><c>age</c>: for public keys, decrypting with the file of an identity.</summary>
internal sealed record AgeCipher(IReadOnlyList<string> Recipients, string? Identity)
    : DumpCipher("age", ".age", Recipients)
{
    protected override Task<bool> HasKeyAsync(IReadOnlyList<string> recipients, CancellationToken cancellation) =>
        Task.FromResult(Identity is not null);

    protected override string Package => "age";

    protected override ChildProgram Encrypting(string plain, string cipher) =>
        new(Program, ["--encrypt", .. Recipients.SelectMany(r => new[] { "-r", r }), "-o", cipher, plain]);

    protected override ChildProgram Decrypting(string cipher, string plain) =>
        new(Program, ["--decrypt", "-i", Identity ?? "", "-o", plain, cipher]);
}

/// <summary><c>gpg</c>: for key ids of its keyring, decrypting with what its agent can open without asking anybody.</summary>
internal sealed record GpgCipher(IReadOnlyList<string> Recipients, string? Home) : DumpCipher("gpg", ".gpg", Recipients)
{
    protected override async Task<bool> HasKeyAsync(IReadOnlyList<string> recipients, CancellationToken cancellation)
    {
        foreach (var recipient in recipients)
        {
            var listed = await Gpg(["--list-secret-keys", recipient]).RunAsync(cancellation).ConfigureAwait(false);
            if (listed.Succeeded)
            {
                return true;
            }
        }

        return false;
    }

    protected override string Package => "gnupg";

    /// <summary>The author chose the recipients; what is encrypted has been compressed already.</summary>
    protected override ChildProgram Encrypting(string plain, string cipher) =>
        Gpg([
            "--trust-model=always",
            "--compress-algo=none",
            .. Recipients.SelectMany(r => new[] { "--recipient", r }),
            "--output",
            cipher,
            "--encrypt",
            plain,
        ]);

    protected override ChildProgram Decrypting(string cipher, string plain) =>
        Gpg(["--pinentry-mode=error", "--output", plain, "--decrypt", cipher]);

    private ChildProgram Gpg(IReadOnlyList<string> arguments) =>
        new(
            Program,
            [
                "--batch",
                "--yes",
                "--no-tty",
                "--quiet",
                .. Home is null ? Array.Empty<string>() : ["--homedir", Home],
                .. arguments,
            ]
        );
}
