using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Prints the JSON Schema of change files, for editors.</summary>
internal sealed class SchemaVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
    : Verb("schema", texts.Render("cli.schema.help"), at)
{
    protected override Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        context.Terminal.Print(ChangeSchema.Text(TidelockServices.ChangeSections).TrimEnd() + "\n");
        return Task.FromResult(ExitCode.Done);
    }
}
