using System.Data;
using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Probes.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Sql;

/// <summary>
/// Runs declared queries one after the other, read-only, over one connection. One that fails does not fail the others, and one that hangs
/// does not hide them: what took longest comes last in the next tick.
/// </summary>
internal sealed class SqlProbe(IReadOnlyList<SqlProbeOptions> queries, ProbeContext context) : IProbe
{
    private readonly PostgresLink link = new(context, Settings(context.Timeout));
    private readonly Dictionary<string, TimeSpan> took = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Signals => [.. queries.Select(q => q.Signal)];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var samples = new List<Sample>();
        foreach (var query in queries.OrderBy(q => took.GetValueOrDefault(q.Signal)).ToList())
        {
            var began = context.Time.GetTimestamp();
            samples.Add(await ReadAsync(query, cancellation).ConfigureAwait(false));
            took[query.Signal] = context.Time.GetElapsedTime(began);
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
        var (first, several) = await FirstAsync(query, session, cancellation).ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        return first switch
        {
            null => Sample.NoData(query.Signal, now, Message.Of("probes.sql.no-row")),
            _ when several => Sample.Error(query.Signal, now, Message.Of("probes.sql.several-rows")),
            DBNull => Sample.NoData(query.Signal, now, Message.Of("probes.sql.null")),
            _ when Number(first) is { } number => Sample.Of(query.Signal, now, number),
            _ => Sample.Error(query.Signal, now, Message.Of("probes.sql.not-a-number", ("value", first))),
        };
    }

    /// <summary>The first column of the first row, null where there is none, and whether there are more rows.</summary>
    private static async Task<(object? Value, bool Several)> FirstAsync(
        SqlProbeOptions query,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        await using var command = new NpgsqlCommand(OwnStatement.Mark(query.Sql), session.Connection);
        var (first, several) = ((object?)null, false);
        try
        {
            await using var answer = await command
                .ExecuteReaderAsync(CommandBehavior.SequentialAccess, cancellation)
                .ConfigureAwait(false);
            first = await answer.ReadAsync(cancellation).ConfigureAwait(false) ? Value(answer) : null;
            several = first is not null && await answer.ReadAsync(cancellation).ConfigureAwait(false);
            if (several)
            {
                command.Cancel();
            }
        }
        catch (PostgresException e) when (several && e.SqlState == PostgresErrorCodes.QueryCanceled)
        {
            // The rest, which may be millions of rows, is not waited for.
        }

        return (first, several);
    }

    /// <summary>The first column; of one that is no number only its type, since it may be as long as it likes.</summary>
    private static object Value(NpgsqlDataReader answer) =>
        answer.FieldCount == 0 ? DBNull.Value
        : answer.IsDBNull(0) ? DBNull.Value
        : IsNumeric(answer.GetFieldType(0)) ? answer.GetValue(0)
        : answer.GetDataTypeName(0);

    private static bool IsNumeric(Type type) =>
        type == typeof(short)
        || type == typeof(int)
        || type == typeof(long)
        || type == typeof(float)
        || type == typeof(double)
        || type == typeof(decimal)
        || type == typeof(TimeSpan);

    private static double? Number(object value) =>
        value switch
        {
            short or int or long or float or double or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            TimeSpan span => span.TotalSeconds,
            _ => null,
        };

    private static string Settings(TimeSpan timeout) => $"set search_path to default; {PostgresLink.ReadOnly(timeout)}";
}
