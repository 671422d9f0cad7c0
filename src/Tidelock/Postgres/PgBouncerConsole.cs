using System.Text;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>The admin console of a PgBouncer. It understands psql's protocol and no other.</summary>
public sealed class PgBouncerConsole
{
    private const char Separator = '\u001f';
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);
    private readonly PostgresTarget target;
    private readonly ClientPrograms programs;
    private readonly string applicationName;
    private readonly TimeProvider time;

    private PgBouncerConsole(
        PostgresTarget target,
        ClientPrograms programs,
        string applicationName,
        TimeProvider time
    ) => (this.target, this.programs, this.applicationName, this.time) = (target, programs, applicationName, time);

    /// <summary>Makes sure that the console answers. Whether its user may command it shows only when it is commanded.</summary>
    /// <param name="connection">A libpq connection string; the database is always <c>pgbouncer</c>.</param>
    /// <param name="applicationName"><c>tidelock/RUN/EPOCH</c>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellation">Ends the question.</param>
    /// <exception cref="TidelockException"><c>postgres.pgbouncer.unanswered</c>, <c>postgres.target.*</c>, <c>postgres.programs.*</c>.</exception>
    public static async Task<PgBouncerConsole> OpenAsync(
        string connection,
        string applicationName,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var variables = ProcessVariables.Read();
        var target = TargetOf(connection);
        target.HideIn(Secrets.OfProcess);
        var programs = await ClientPrograms.FindAsync(variables, 0, cancellation).ConfigureAwait(false);
        var console = new PgBouncerConsole(target, programs, applicationName, time);
        return await console.SayAsync("show version", cancellation).ConfigureAwait(false) is { } problem
            ? throw new TidelockException(
                Message.Of("postgres.pgbouncer.unanswered", ("console", target), ("reason", problem)),
                ExitCode.Refused
            )
            : console;
    }

    /// <summary>How the console is reached.</summary>
    /// <exception cref="TidelockException"><c>postgres.target.*</c>.</exception>
    public static PostgresTarget TargetOf(string connection) =>
        PostgresTarget.Parse(connection, ProcessVariables.Read()).WithDatabase("pgbouncer");

    /// <summary>Lets it close its connections to the server for a database, each as soon as no client uses it.</summary>
    /// <returns>For people: what was done, or why not.</returns>
    public async Task<Message> ReconnectAsync(string database, CancellationToken cancellation)
    {
        var problem = await SayAsync($"reconnect {Identifiers.Quote(database)}", cancellation).ConfigureAwait(false);
        return problem is null
            ? Message.Of("postgres.pgbouncer.reconnected", ("console", target), ("database", database))
            : Message.Of("postgres.pgbouncer.failed", ("console", target), ("database", database), ("reason", problem));
    }

    /// <summary>
    /// Holds back the clients of a database: they wait instead of being refused. It takes effect at once; what is waited for is that servers
    /// are released, which in session mode they are only when clients leave.
    /// </summary>
    /// <param name="database">As the server calls it.</param>
    /// <param name="limit">How long to wait for servers to be released.</param>
    /// <param name="cancellation">Ends the waiting; the clients stay held back.</param>
    /// <returns>Why they are not held back; null when they are.</returns>
    public async Task<Message?> PauseAsync(string database, TimeSpan limit, CancellationToken cancellation)
    {
        var (pools, problem) = await PoolsAsync(database, cancellation).ConfigureAwait(false);
        foreach (var pool in pools.Where(p => !p.IsPaused))
        {
            if (Name(pool.Name) is not { } name)
            {
                problem = "PAUSE: 64 bytes";
                continue;
            }

            // Not being done within the limit is no failure: whether it is paused is asked below.
            await SayAsync($"pause {name}", limit, cancellation).ConfigureAwait(false);
        }

        if (problem is null)
        {
            (pools, problem) = await PoolsAsync(database, cancellation).ConfigureAwait(false);
        }

        problem ??= pools.Exists(p => !p.IsPaused) ? "PAUSE" : null;
        return problem is null
            ? null
            : Message.Of(
                "postgres.pgbouncer.not-paused",
                ("console", target),
                ("database", database),
                ("reason", problem)
            );
    }

    /// <summary>Lets the clients of a database go on, where they are held back. May be called again.</summary>
    /// <returns>Why they are still held back; null when they are not.</returns>
    public async Task<Message?> ResumeAsync(string database, CancellationToken cancellation)
    {
        var (pools, problem) = await PoolsAsync(database, cancellation).ConfigureAwait(false);
        foreach (var pool in pools.Where(p => p.IsPaused))
        {
            problem = Name(pool.Name) is { } name
                ? await SayAsync($"resume {name}", Limit, cancellation).ConfigureAwait(false) ?? problem
                : "RESUME: 64 bytes";
        }

        return problem is null
            ? null
            : Message.Of(
                "postgres.pgbouncer.not-resumed",
                ("console", target),
                ("database", database),
                ("reason", problem)
            );
    }

    /// <summary>The pools that lead to a database, which PgBouncer may call otherwise.</summary>
    private async Task<(List<Pool> Pools, string? Problem)> PoolsAsync(string database, CancellationToken cancellation)
    {
        var (output, problem) = await AskAsync("show databases", Limit, cancellation).ConfigureAwait(false);
        var rows = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(Separator)).ToList();
        if (problem is not null || rows is not [var head, .. var found])
        {
            return ([], problem ?? "show databases");
        }

        int At(string column) => Array.IndexOf(head, column);
        var pools = found
            .Where(r => r.Length == head.Length && r[At("database")] == database)
            .Select(r => new Pool(r[At("name")], r[At("paused")] != "0"))
            .ToList();
        return (pools, pools.Count == 0 ? "show databases: -" : null);
    }

    /// <summary>Its argument has room for 63 bytes with the quotes; null where it does not fit.</summary>
    private static string? Name(string pool)
    {
        var name = pool.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_')
            ? pool
            : Identifiers.Quote(pool);
        return Encoding.UTF8.GetByteCount(name) <= 63 ? name : null;
    }

    private Task<string?> SayAsync(string command, CancellationToken cancellation) =>
        SayAsync(command, Limit, cancellation);

    /// <returns>Why it failed; null when it did not.</returns>
    private async Task<string?> SayAsync(string command, TimeSpan limit, CancellationToken cancellation) =>
        (await AskAsync(command, limit, cancellation).ConfigureAwait(false)).Problem;

    private async Task<(string Output, string? Problem)> AskAsync(
        string command,
        TimeSpan within,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(within, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var result = await new ChildProgram(
                programs.Psql,
                [
                    "--no-psqlrc",
                    "--quiet",
                    "--no-password",
                    "--no-align",
                    "--pset=footer=off",
                    "--field-separator=" + Separator,
                    "--command",
                    command,
                ],
                new Dictionary<string, string?>(target.LibpqEnvironment(applicationName), StringComparer.Ordinal)
                {
                    // PgBouncer refuses a connection that brings options.
                    ["PGOPTIONS"] = null,
                }
            ).RunAsync(either.Token).ConfigureAwait(false);
            return result.Succeeded ? (result.Output, null) : ("", result.LastWords);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return ("", FormattableString.Invariant($"no answer within {within.TotalSeconds} s"));
        }
    }

    private sealed record Pool(string Name, bool IsPaused);
}
