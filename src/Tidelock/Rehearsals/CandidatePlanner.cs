using System.Data;
using Npgsql;
using Tidelock.Contracts;
using Tidelock.Postgres;

namespace Tidelock.Rehearsals;

/// <summary>Lets PostgreSQL describe and plan queries in one READ ONLY transaction. A lock on what they read is held no longer than that takes.</summary>
internal sealed class CandidatePlanner
{
    /// <summary><c>interval</c> and its arrays: the driver does not tell the fields of their modifier.</summary>
    private static readonly uint[] Intervals = [1186, 1187];

    /// <summary><c>character</c> and its arrays: without a modifier it may be of one character or of any length.</summary>
    private static readonly uint[] Characters = [1042, 1014];

    /// <summary>What stands before a query that is planned.</summary>
    public static readonly string Prefix = OwnStatement.Mark("explain (verbose, format json) ");

    private readonly PostgresSession session;
    private readonly long memory;
    private readonly CancellationToken cancellation;

    private CandidatePlanner(PostgresSession session, long memory, CancellationToken cancellation) =>
        (this.session, this.memory, this.cancellation) = (session, memory, cancellation);

    public static async Task<CandidatePlanner> JoinAsync(SharedSnapshot snapshot)
    {
        var session = await snapshot.JoinAsync(["pg_catalog"]).ConfigureAwait(false);
        var memory = await session
            .ScalarAsync<long>("select pg_size_bytes(current_setting('work_mem'))", snapshot.Token)
            .ConfigureAwait(false);
        return new CandidatePlanner(session, memory, snapshot.Token);
    }

    /// <exception cref="PostgresException">What is wrong with the query; the transaction goes on.</exception>
    public Task<QueryPlan> PlanAsync(string sql, IEnumerable<string> schemas) =>
        LookAsync(
            schemas,
            async () =>
            {
                await using var batch = new NpgsqlBatch(session.Connection);
                batch.BatchCommands.Add(new NpgsqlBatchCommand(Prefix + sql));
                var json = await batch.ExecuteScalarAsync(cancellation).ConfigureAwait(false);
                return QueryPlan.Parse((string)json!, memory);
            }
        );

    /// <summary>The columns a query has.</summary>
    /// <returns>In order; a type whose modifier is not known is told without one and named in the second.</returns>
    /// <exception cref="PostgresException">What is wrong with the query; the transaction goes on.</exception>
    public async Task<(IReadOnlyList<ContractColumn> Columns, IReadOnlySet<string> Open)> DescribeAsync(
        string sql,
        IEnumerable<string> schemas
    )
    {
        var described = await LookAsync(schemas, () => DescribedAsync(sql)).ConfigureAwait(false);
        var types = (
            await session
                .QueryAsync(
                    """
                    select t.oid, format_type(t.oid, null), t.typnamespace = 'pg_catalog'::regnamespace
                    from pg_type t where t.oid = any($1)
                    """,
                    r => (Oid: r.GetFieldValue<uint>(0), Name: r.GetString(1), IsBuiltIn: r.GetBoolean(2)),
                    cancellation,
                    new NpgsqlParameter
                    {
                        Value = described.Select(c => c.Type).Distinct().ToArray(),
                        NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Array | NpgsqlTypes.NpgsqlDbType.Oid,
                    }
                )
                .ConfigureAwait(false)
        ).ToDictionary(t => t.Oid);

        return (
            [.. described.Select(c => new ContractColumn(c.Name, NameOf(c), NotNull: false))],
            described.Where(IsOpen).Select(c => c.Name).ToHashSet(StringComparer.Ordinal)
        );

        bool HasModifier((string, uint, string TypeName) column) =>
            column.TypeName.Contains('(', StringComparison.Ordinal);

        bool IsOpen((string, uint Type, string) column) =>
            !types[column.Type].IsBuiltIn
            || Intervals.Contains(column.Type)
            || (!HasModifier(column) && Characters.Contains(column.Type));

        // The driver is only asked for a modifier: "char" it calls as if it were char.
        string NameOf((string, uint Type, string TypeName) column) =>
            IsOpen(column) || !HasModifier(column) ? types[column.Type].Name : TypeName.Normalize(column.TypeName);
    }

    public Task<List<string>> NamesAsync(string sql, params NpgsqlParameter[] parameters) =>
        session.QueryAsync(sql, r => r.GetString(0), cancellation, parameters);

    private async Task<List<(string Name, uint Type, string TypeName)>> DescribedAsync(string sql)
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        await using var reader = await batch
            .ExecuteReaderAsync(CommandBehavior.SchemaOnly, cancellation)
            .ConfigureAwait(false);
        return
        [
            .. Enumerable
                .Range(0, reader.FieldCount)
                .Select(i => (reader.GetName(i), reader.GetDataTypeOID(i), reader.GetDataTypeName(i))),
        ];
    }

    /// <summary>What it took is given back, also when it fails.</summary>
    private async Task<T> LookAsync<T>(IEnumerable<string> schemas, Func<Task<T>> look)
    {
        await session
            .ExecuteAsync($"savepoint look; set local search_path to {SearchPath(schemas)}", cancellation)
            .ConfigureAwait(false);
        try
        {
            var seen = await look().ConfigureAwait(false);
            await BackAsync().ConfigureAwait(false);
            return seen;
        }
        catch (PostgresException e) when (!ConnectionLoss.EndsSession(e.SqlState))
        {
            await BackAsync().ConfigureAwait(false);
            throw;
        }
    }

    private Task BackAsync() =>
        session.ExecuteAsync("rollback to savepoint look; release savepoint look", cancellation);

    private static string SearchPath(IEnumerable<string> schemas) =>
        string.Join(", ", schemas.Distinct(StringComparer.Ordinal).Select(Identifiers.Quote)) + ", pg_temp";
}
