using System.Globalization;
using System.Text;
using Tidelock.Postgres;

namespace Tidelock.Backups;

/// <summary>
/// Whether a database's server runs on this machine, so that a dump of it leaves no machine. Told by what no tunnel can fake: the session's own
/// backend is a process here, and shows in its title what the session does. A server in a container counts as another machine.
/// </summary>
internal static class SameMachine
{
    /// <param name="session">Open, and in no transaction.</param>
    /// <param name="cancellation">Ends the look.</param>
    public static async Task<bool> IsAsync(PostgresSession session, CancellationToken cancellation)
    {
        await session.ExecuteAsync("begin", cancellation).ConfigureAwait(false);
        var within = Title(session);
        await session.ExecuteAsync("rollback", cancellation).ConfigureAwait(false);
        var after = Title(session);
        return within.EndsWith("idle in transaction", StringComparison.Ordinal)
            && after.EndsWith(" idle", StringComparison.Ordinal);
    }

    /// <summary><c>postgres: kim seedtest 10.0.0.7(41252) idle</c>; empty where there is no such process, or another program's.</summary>
    private static string Title(PostgresSession session)
    {
        var pid = session.Connection.ProcessID.ToString(CultureInfo.InvariantCulture);
        try
        {
            var title = Encoding.UTF8.GetString(File.ReadAllBytes($"/proc/{pid}/cmdline")).Trim('\0', ' ');
            return title.StartsWith("postgres: ", StringComparison.Ordinal) ? title : "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
