using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>All signals that come from the database's own statistics, over one connection.</summary>
internal sealed class PostgresProbe(
    IReadOnlyList<PostgresConnectionsProbeOptions> connections,
    IReadOnlyList<PostgresCallsProbeOptions> calls,
    ProbeContext context
) : IProbe
{
    private readonly PostgresLink link = new(context, "set default_transaction_read_only = on");
    private readonly Dictionary<string, CallRate> rates = calls.ToDictionary(
        c => c.Signal,
        c => new CallRate(c.Relation, context.Time),
        StringComparer.Ordinal
    );

    public IReadOnlyList<string> Signals => [.. connections.Select(c => c.Signal), .. calls.Select(c => c.Signal)];

    public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        link.UseAsync(ReadAsync, cancellation);

    public ValueTask DisposeAsync() => link.DisposeAsync();

    private async Task<IReadOnlyList<Sample>> ReadAsync(PostgresSession session, CancellationToken cancellation) =>
        [
            .. await ConnectionsAsync(session, cancellation).ConfigureAwait(false),
            .. await CallsAsync(session, cancellation).ConfigureAwait(false),
        ];

    private async Task<IEnumerable<Sample>> ConnectionsAsync(PostgresSession session, CancellationToken cancellation)
    {
        if (connections.Count == 0)
        {
            return [];
        }

        var count = await session.ScalarAsync<long>(ClientBackends, cancellation).ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        return connections.Select(c => Sample.Of(c.Signal, now, count));
    }

    private async Task<IEnumerable<Sample>> CallsAsync(PostgresSession session, CancellationToken cancellation)
    {
        if (calls.Count == 0)
        {
            return [];
        }

        var names = calls.Select(c => c.Relation.Name).Distinct(StringComparer.Ordinal).ToArray();
        var statistics = await StatementStatistics.ReadAsync(session, names, cancellation).ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        return calls.Select(c =>
            statistics.Problem is { } problem ? Sample.Error(c.Signal, now, problem)
            : rates[c.Signal].Next(statistics.Statements) is { } rate ? Sample.Of(c.Signal, now, rate)
            : Sample.NoData(c.Signal, now, Message.Of("probes.postgres.first-look"))
        );
    }

    /// <summary>
    /// A role without pg_read_all_stats does not see what kind of backend another role's is; those without a user are the server's
    /// own, and a parallel worker then counts as a client.
    /// </summary>
    private const string ClientBackends = """
        select count(*) from pg_stat_activity
        where datid = (select oid from pg_database where datname = current_database())
          and coalesce(backend_type, 'client backend') = 'client backend' and usesysid is not null
          and application_name not like 'tidelock/%'
        """;
}
