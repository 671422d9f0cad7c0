using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>An option whose value is a length of time, written as in a change file: <c>90s</c>, <c>1h30m</c>.</summary>
internal static class DurationOption
{
    public static Option<TimeSpan?> Make(string name, string description, TextCatalog texts) =>
        new(name)
        {
            Description = description,
            HelpName = "DURATION",
            CustomParser = result =>
            {
                var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
                var span = DurationText.TryParse(text);
                if (span is not { } known || known <= TimeSpan.Zero)
                {
                    result.AddError(texts.Render("cli.duration", ("option", name), ("text", text)));
                }

                return span;
            },
        };
}
