using System.Text.RegularExpressions;
using Tidelock.Migrations.Tools;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Migrations.Commands;

/// <summary>How a status program's output is read.</summary>
/// <param name="Revision">
/// Its first group is the revision, of its last match in the output; null: the last line that is not empty is the revision.
/// </param>
/// <param name="Nothing">Says, anywhere in output or errors and whatever the exit code, that nothing was made yet; null: it always names a revision.</param>
/// <param name="Within">How long it may take.</param>
internal sealed record CommandStatus(Regex? Revision, Regex? Nothing, TimeSpan Within)
{
    /// <summary>The revision, empty before the first; or why it is not known.</summary>
    public (string? Revision, Message? Problem) Read(string tool, ProgramResult answer)
    {
        if (Nothing?.IsMatch(answer.Output + "\n" + answer.Errors) == true)
        {
            return ("", null);
        }

        if (!answer.Succeeded)
        {
            return (
                null,
                Message.Of(
                    "migrations.command.status-failed",
                    ("tool", tool),
                    ("exit", answer.ExitCode),
                    ("words", ToolGround.LastWords(answer))
                )
            );
        }

        var revision = Revision is null ? LastLine(answer.Output) : LastMatch(answer.Output);
        return revision is { Length: > 0 }
            ? (revision, null)
            : (
                null,
                Message.Of(
                    Revision is null ? "migrations.command.status-silent" : "migrations.command.status-unread",
                    ("tool", tool),
                    ("words", LastLine(answer.Output) ?? "–"),
                    ("expression", Revision?.ToString() ?? "")
                )
            );
    }

    private string? LastMatch(string output) =>
        Revision!.Matches(output) is { Count: > 0 } matches ? matches[^1].Groups[1].Value.Trim() : null;

    private static string? LastLine(string output) =>
        output.Split('\n').Select(l => l.Trim()).LastOrDefault(l => l.Length > 0);
}
