using System.CommandLine;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Arguments without a name. The parser would take a misspelt option for one of them.</summary>
internal static class Positional
{
    /// <summary>Refuses what looks like an option.</summary>
    public static Argument<T> WithoutOptions<T>(this Argument<T> argument, TextCatalog texts)
    {
        argument.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.StartsWith('-')))
            {
                result.AddError(texts.Render("cli.unknown-option", ("option", token.Value)));
            }
        });
        return argument;
    }
}
