using System.CommandLine;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>The options every verb has.</summary>
internal sealed class CommonOptions
{
    public CommonOptions(TextCatalog texts)
    {
        Lang = new Option<string?>(Language.Option)
        {
            Description = texts.Render("cli.option.lang"),
            HelpName = "en|ko",
            Recursive = true,
        };
        Lang.AcceptOnlyFromAmong("en", "ko");
        Journal = new Option<string?>("--journal")
        {
            Description = texts.Render("cli.option.journal"),
            HelpName = "PATH|URL",
            Recursive = true,
        };
        Json = new Option<bool>("--json") { Description = texts.Render("cli.option.json"), Recursive = true };
        NoColor = new Option<bool>("--no-color")
        {
            Description = texts.Render("cli.option.no-color"),
            Recursive = true,
        };
    }

    public Option<string?> Lang { get; }

    public Option<string?> Journal { get; }

    public Option<bool> Json { get; }

    public Option<bool> NoColor { get; }

    public void AddTo(Command command)
    {
        command.Add(Journal);
        command.Add(Json);
        command.Add(Lang);
        command.Add(NoColor);
    }
}
