using System.CommandLine;
using Tidelock.Gates;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Finds all mistakes of a change; connects to nothing.</summary>
internal sealed class CheckVerb : Verb
{
    private readonly ChangeOptions change;

    public CheckVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("check", texts.Render("cli.check.help"), at)
    {
        change = new ChangeOptions(texts);
        Add(change.Change);
        Add(change.Environment);
    }

    protected override Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var path = context.Arguments.GetRequiredValue(change.Change);
        if (ChangeOptions.Load(context, path, context.Arguments.GetValue(change.Environment)) is not { } read)
        {
            return Task.FromResult(ExitCode.Mistake);
        }

        if (!context.Json)
        {
            var environments = string.Join(", ", read.Environments.Select(e => e.Name));
            context.Terminal.Say(
                Message.Of(
                    "cli.check.good",
                    ("change", read.Name),
                    ("files", read.Files.Count),
                    ("environments", environments),
                    ("digest", read.Digest)
                )
            );
            foreach (var asks in read.Section<GateOptions>().Approval.Asked)
            {
                context.Terminal.Say(Message.Of("cli.check.asks", ("asks", asks)));
            }

            if (SoakableChange.Warning(read) is { } warning)
            {
                context.Terminal.Say(warning);
            }
        }

        return Task.FromResult(ExitCode.Done);
    }
}
