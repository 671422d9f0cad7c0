using Tidelock.Changes;

namespace Tidelock.Cli;

/// <summary>Mistakes of a change, one to a line, as editors and CI understand them: file, line, column, what to do.</summary>
internal sealed class MistakeRows(VerbContext context)
{
    public void Show(IEnumerable<Mistake> mistakes)
    {
        foreach (var mistake in mistakes)
        {
            var text = context.Texts.Render(mistake.Problem);
            if (context.Json)
            {
                var line = new MistakeLine(mistake.File, mistake.Line, mistake.Column, mistake.Problem.Code, text);
                context.Terminal.Print(line.ToJson() + "\n");
            }
            else
            {
                context.Terminal.Errors.WriteLine(
                    FormattableString.Invariant($"{mistake.File}:{mistake.Line}:{mistake.Column}: {text}")
                );
            }
        }
    }
}
