using Tidelock.Postgres;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>How the server is stopped and started where it runs, as far as it tells.</summary>
/// <param name="Cluster"><c>cluster_name</c>, which Debian sets to <c>15/main</c>.</param>
/// <param name="Data">Its data folder; null where the role may not know.</param>
internal sealed record ServerPlace(string Cluster, string? Data)
{
    public static async Task<ServerPlace> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        (
            await session
                .QueryAsync(
                    """
                    select current_setting('cluster_name'),
                           (select setting from pg_settings where name = 'data_directory')
                    """,
                    r => new ServerPlace(r.GetString(0), r.IsDBNull(1) ? null : r.GetString(1)),
                    cancellation
                )
                .ConfigureAwait(false)
        )[0];

    /// <param name="verb"><c>stop</c> or <c>start</c>.</param>
    public string Command(string verb) =>
        Cluster.Split('/') is [var version, var name] && version.All(char.IsAsciiDigit) && IsPlain(name)
            ? $"sudo systemctl {verb} postgresql@{version}-{name}"
            : ShellWords.Line(verb == "stop" ? [.. Control, "-m", "fast", verb] : [.. Control, verb]);

    private string[] Control => ["pg_ctl", "-w", "-D", Data ?? "$PGDATA"];

    private static bool IsPlain(string name) =>
        name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');
}
