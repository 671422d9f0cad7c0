using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>The admin console of a PgBouncer. It understands psql's protocol and no other.</summary>
public sealed class PgBouncerConsole
{
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
        var target = PostgresTarget.Parse(connection, variables).WithDatabase("pgbouncer");
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

    /// <summary>Lets it close its connections to the server for a database, each as soon as no client uses it.</summary>
    /// <returns>For people: what was done, or why not.</returns>
    public async Task<Message> ReconnectAsync(string database, CancellationToken cancellation)
    {
        var problem = await SayAsync($"reconnect {Identifiers.Quote(database)}", cancellation).ConfigureAwait(false);
        return problem is null
            ? Message.Of("postgres.pgbouncer.reconnected", ("console", target), ("database", database))
            : Message.Of("postgres.pgbouncer.failed", ("console", target), ("database", database), ("reason", problem));
    }

    /// <returns>Why it failed; null when it did not.</returns>
    private async Task<string?> SayAsync(string command, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            var result = await new ChildProgram(
                programs.Psql,
                ["--no-psqlrc", "--quiet", "--no-password", "--command", command],
                new Dictionary<string, string?>(target.LibpqEnvironment(applicationName), StringComparer.Ordinal)
                {
                    // PgBouncer refuses a connection that brings options.
                    ["PGOPTIONS"] = null,
                }
            ).RunAsync(either.Token).ConfigureAwait(false);
            return result.Succeeded ? null : result.LastWords;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return FormattableString.Invariant($"no answer within {Limit.TotalSeconds} s");
        }
    }
}
