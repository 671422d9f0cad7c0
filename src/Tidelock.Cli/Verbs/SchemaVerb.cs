using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Prints the JSON Schema of change files, or of policies, for editors.</summary>
internal sealed class SchemaVerb : Verb
{
    private readonly Option<bool> policy;

    public SchemaVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("schema", texts.Render("cli.schema.help"), at) =>
        Add(policy = new Option<bool>("--policy") { Description = texts.Render("cli.schema.policy") });

    protected override Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var schema = context.Arguments.GetValue(policy)
            ? TidelockServices.PolicySchema
            : ChangeSchema.Text(TidelockServices.ChangeSections);
        context.Terminal.Print(schema.TrimEnd() + "\n");
        return Task.FromResult(ExitCode.Done);
    }
}
