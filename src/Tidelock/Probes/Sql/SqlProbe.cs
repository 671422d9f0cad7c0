using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Probes.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Sql;

/// <summary>Runs declared queries one after the other, read-only, over one connection. One that fails does not fail the others.</summary>
internal sealed class SqlProbe(IReadOnlyList<SqlProbeOptions> queries, ProbeContext context) : IProbe
{
    private readonly PostgresLink link = new(context, Settings(context.Timeout));

    public IReadOnlyList<string> Signals => [.. queries.Select(q => q.Signal)];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var samples = new List<Sample>();
        foreach (var query in queries)
        {
            samples.Add(await ReadAsync(query, cancellation).ConfigureAwait(false));
        }

        return samples;
    }

    public ValueTask DisposeAsync() => link.DisposeAsync();

    private async Task<Sample> ReadAsync(SqlProbeOptions query, CancellationToken cancellation)
    {
        try
        {
            return await link.UseAsync((s, c) => OneAsync(query, s, c), cancellation).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            return Sample.Error(query.Signal, context.Time.GetUtcNow(), context.TooLate);
        }
        catch (Exception e)
            when (e is NpgsqlException or TidelockException or InvalidCastException or OverflowException)
        {
            var what = cancellation.IsCancellationRequested ? context.TooLate : ProbeFailure.Of(e);
            return Sample.Error(query.Signal, context.Time.GetUtcNow(), what);
        }
    }

    private async Task<Sample> OneAsync(SqlProbeOptions query, PostgresSession session, CancellationToken cancellation)
    {
        var rows = await session
            .QueryAsync(OwnStatement.Mark(query.Sql), r => r.IsDBNull(0) ? null : r.GetValue(0), cancellation)
            .ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        return rows switch
        {
            [] => Sample.NoData(query.Signal, now, Message.Of("probes.sql.no-row")),
            [null] => Sample.NoData(query.Signal, now, Message.Of("probes.sql.null")),
            [var value] when Number(value) is { } number => Sample.Of(query.Signal, now, number),
            [var value] => Sample.Error(query.Signal, now, Message.Of("probes.sql.not-a-number", ("value", value))),
            _ => Sample.Error(query.Signal, now, Message.Of("probes.sql.several-rows", ("count", rows.Count))),
        };
    }

    private static double? Number(object value) =>
        value switch
        {
            short or int or long or float or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            TimeSpan span => span.TotalSeconds,
            _ => null,
        };

    private static string Settings(TimeSpan timeout) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"""
            set default_transaction_read_only = on; set search_path to default;
            set statement_timeout = {Math.Max(1, (long)timeout.TotalMilliseconds)}
            """
        );
}
