using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Where the user's own journal and notes of crashes are kept.</summary>
internal static class StateFolder
{
    /// <summary><c>$XDG_STATE_HOME/tidelock</c>, else <c>~/.local/state/tidelock</c>.</summary>
    public static string Of(IReadOnlyDictionary<string, string> variables)
    {
        if (variables.TryGetValue("XDG_STATE_HOME", out var state) && Path.IsPathRooted(state))
        {
            return Path.Combine(state, "tidelock");
        }

        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return home.Length > 0
            ? Path.Combine(home, ".local", "state", "tidelock")
            : throw new TidelockException(Message.Of("cli.no-home"), ExitCode.Mistake);
    }
}
