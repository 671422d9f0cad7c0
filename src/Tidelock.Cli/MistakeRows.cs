using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Mistakes of a change, one to a line, as editors and CI understand them: file, line, column, what to do.</summary>
internal sealed class MistakeRows(VerbContext context)
{
    public void Show(IEnumerable<Mistake> mistakes)
    {
        foreach (var mistake in mistakes)
        {
            var text = context.Texts.Render(mistake.Problem);
            var file = Secrets.OfProcess.Scrub(mistake.File);
            if (context.Json)
            {
                var line = new MistakeLine(file, mistake.Line, mistake.Column, mistake.Problem.Code, text);
                context.Terminal.Print(line.ToJson() + "\n");
            }
            else
            {
                context.Terminal.Errors.WriteLine(
                    FormattableString.Invariant($"{file}:{mistake.Line}:{mistake.Column}: {text}")
                );
            }
        }
    }
}
