using System.CommandLine;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Who is at the terminal: named with <c>--by</c>, else by git, else by the login.</summary>
internal static class Person
{
    public static Option<string?> Make(TextCatalog texts) =>
        new("--by") { Description = texts.Render("cli.option.by"), HelpName = "WHO" };

    /// <exception cref="TidelockException">Nobody is named.</exception>
    public static async Task<string> OfAsync(
        string? named,
        IReadOnlyDictionary<string, string> variables,
        CancellationToken cancellation
    )
    {
        var name =
            Clean(named) ?? Clean(await FromGitAsync(cancellation)) ?? Clean(variables.GetValueOrDefault("USER"));
        return name
            ?? Clean(Environment.UserName)
            ?? throw new TidelockException(Message.Of("cli.no-person"), ExitCode.Mistake);
    }

    private static string? Clean(string? name) => string.IsNullOrWhiteSpace(name) ? null : name.Trim();

    private static async Task<string?> FromGitAsync(CancellationToken cancellation)
    {
        try
        {
            var result = await new ChildProgram("git", "config", "user.name").RunAsync(cancellation);
            return result.Succeeded ? result.Output : null;
        }
        catch (TidelockException)
        {
            return null;
        }
    }
}
