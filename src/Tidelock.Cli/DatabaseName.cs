using System.CommandLine;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>The explicit word before anything is changed: the database's name, typed by a person or given where nobody can type.</summary>
internal static class DatabaseName
{
    public static Option<string?> Make(TextCatalog texts) =>
        new("--confirm") { Description = texts.Render("cli.option.confirm"), HelpName = "DATABASE" };

    /// <exception cref="TidelockException">The name was not given, or it is another.</exception>
    public static void Require(VerbContext context, string database, string? given)
    {
        if (given is null && !context.Terminal.CanAnswer)
        {
            throw new TidelockException(Message.Of("cli.confirm.needed", ("database", database)), ExitCode.Refused);
        }

        if (!string.Equals(given ?? Ask(context, database), database, StringComparison.Ordinal))
        {
            throw new TidelockException(Message.Of("cli.confirm.other", ("database", database)), ExitCode.Refused);
        }
    }

    private static string? Ask(VerbContext context, string database)
    {
        context.Terminal.Say(Message.Of("cli.confirm.ask", ("database", database)));
        context.Terminal.Output.Write("> ");
        context.Terminal.Output.Flush();
        return Console.In.ReadLine()?.Trim();
    }
}
