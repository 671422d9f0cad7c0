using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Where the journal is.</summary>
internal static class JournalPlace
{
    public const string Variable = "TIDELOCK_JOURNAL";

    /// <summary>The option, else the variable, else a file in the user's state folder.</summary>
    /// <exception cref="TidelockException">A password stands in the option, where every process of the machine can read it.</exception>
    public static string Of(string? option, IReadOnlyDictionary<string, string> variables)
    {
        if (option is not null && Secrets.AreWrittenIn(option))
        {
            throw new TidelockException(Message.Of("cli.journal-password", ("variable", Variable)), ExitCode.Mistake);
        }

        var variable = variables.GetValueOrDefault(Variable);
        return !string.IsNullOrEmpty(option) ? option
            : !string.IsNullOrEmpty(variable) ? variable
            : Path.Combine(StateFolder.Of(variables), "journal.db");
    }
}
