using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Backups;

/// <summary>A key pair of age, made for a test.</summary>
internal static class AgeKeys
{
    /// <summary>The file of the identity, and the public key that encrypts for it.</summary>
    public static async Task<(string Identity, string Recipient)> MakeAsync(string file)
    {
        (await new ChildProgram("age-keygen", "-o", file).RunAsync(CancellationToken.None)).OrThrow();
        var lines = await File.ReadAllLinesAsync(file, CancellationToken.None);
        const string before = "# public key: ";
        return (file, lines.Single(l => l.StartsWith(before, StringComparison.Ordinal))[before.Length..]);
    }
}
