using Tidelock.Programs;

namespace Tidelock.Tests.Signatures;

/// <summary>Real SSH keys of some people, and a list of those whose signatures count.</summary>
internal sealed class SshKeys : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-keys-").FullName;

    public string Signers => Path.Combine(folder, "allowed_signers");

    public string Revoked => Path.Combine(folder, "revoked_keys");

    /// <summary>The private key of a person, made when it is first asked for.</summary>
    public async Task<string> KeyAsync(string who, string type = "ed25519")
    {
        var file = Path.Combine(folder, who);
        if (!File.Exists(file))
        {
            var made = await new ChildProgram("ssh-keygen", "-q", "-t", type, "-N", "", "-C", who, "-f", file).RunAsync(
                CancellationToken.None
            );
            Assert.True(made.Succeeded, made.LastWords);
        }

        return file;
    }

    /// <summary>Puts a person's key on the list.</summary>
    public async Task AllowAsync(string who, string options = "", string? principal = null)
    {
        var key = await PublicAsync(who);
        await File.AppendAllTextAsync(Signers, $"{principal ?? who} {options} {key}\n");
    }

    public async Task RevokeAsync(string who) => await File.AppendAllTextAsync(Revoked, await PublicAsync(who) + "\n");

    /// <summary>Takes everybody off the list.</summary>
    public void Forget() => File.WriteAllText(Signers, "");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private async Task<string> PublicAsync(string who) =>
        (await File.ReadAllTextAsync(await KeyAsync(who) + ".pub")).Trim();
}
