using System.CommandLine;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>The SSH key a person signs with: named with <c>--key</c>, else by <c>TIDELOCK_SIGNING_KEY</c>, else the one git signs commits with.</summary>
internal static class SigningKey
{
    private const string Variable = "TIDELOCK_SIGNING_KEY";

    public static Option<string?> Make(TextCatalog texts) =>
        new("--key") { Description = texts.Render("cli.option.key"), HelpName = "FILE" };

    /// <summary>The key's file; null where none is named.</summary>
    public static async Task<string?> OfAsync(
        string? named,
        IReadOnlyDictionary<string, string> variables,
        CancellationToken cancellation
    )
    {
        if ((named ?? variables.GetValueOrDefault(Variable)) is { Length: > 0 } file)
        {
            return InHome(file, variables);
        }

        // Git's other formats name an OpenPGP key, and a key that is written out is no file.
        return
            await GitAsync("gpg.format", cancellation) == "ssh"
            && await GitAsync("user.signingkey", cancellation) is { Length: > 0 } key
            && File.Exists(InHome(key, variables))
            ? InHome(key, variables)
            : null;
    }

    private static string InHome(string file, IReadOnlyDictionary<string, string> variables) =>
        file.StartsWith("~/", StringComparison.Ordinal) && variables.GetValueOrDefault("HOME") is { } home
            ? Path.Combine(home, file[2..])
            : file;

    private static async Task<string?> GitAsync(string key, CancellationToken cancellation)
    {
        try
        {
            var result = await new ChildProgram("git", "config", key).RunAsync(cancellation);
            return result.Succeeded ? result.Output.Trim() : null;
        }
        catch (TidelockException)
        {
            return null;
        }
    }
}
