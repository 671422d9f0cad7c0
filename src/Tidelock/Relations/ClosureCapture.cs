using System.Data;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;
using NpgsqlTypes;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Relations;

/// <summary>Reads the closure of a relation from the catalogs.</summary>
public static class ClosureCapture
{
    /// <summary>The code of the problem that somebody keeps changing what is captured.</summary>
    internal const string Unstable = "relations.capture.unstable";

    private const int Reads = 5;

    /// <summary>Who holds a lock on what is read longer than this is not waited for; the catalogs are read in far less than the other.</summary>
    private const string Bounded = """
        set transaction read only; set local lock_timeout = '3s'; set local statement_timeout = '60s'
        """;

    /// <summary>The oid of <c>pg_class</c>, the same on every server.</summary>
    private const uint RelationCatalog = 1259;

    /// <summary>
    /// Captures in a read-only transaction of its own, which has ended when this returns. Reads until two captures in a row agree:
    /// <c>pg_get_viewdef</c> looks at the newest catalogs and not at the transaction's snapshot.
    /// </summary>
    /// <exception cref="TidelockException"><c>relations.capture.unstable</c>: somebody keeps changing what is captured.</exception>
    /// <exception cref="RelationBusyException">It could not be read in time, because somebody holds it or the server is slow.</exception>
    public static async Task<CaptureResult> CaptureAsync(
        PostgresSession session,
        RelationName name,
        CancellationToken cancellation
    )
    {
        var last = await OnceAsync(session, name, cancellation).ConfigureAwait(false);
        for (var read = 1; read < Reads; read++)
        {
            var next = await OnceAsync(session, name, cancellation).ConfigureAwait(false);
            if (Same(last, next))
            {
                return next;
            }

            last = next;
        }

        throw new TidelockException(Message.Of(Unstable, ("relation", name)), ExitCode.Refused);
    }

    /// <summary>Reads within whatever transaction the session has open.</summary>
    internal static async Task<CaptureResult> ReadAsync(
        PostgresSession session,
        RelationName name,
        CancellationToken cancellation
    )
    {
        var found = await session
            .QueryAsync(
                "select c.oid, c.relkind::text from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2",
                r => (Oid: r.GetFieldValue<uint>(0), Kind: r.GetString(1)),
                cancellation,
                new NpgsqlParameter { Value = name.Schema },
                new NpgsqlParameter { Value = name.Name }
            )
            .ConfigureAwait(false);
        return found switch
        {
            [] => new CaptureResult.Missing(),
            [(var oid, "v" or "m")] => new CaptureResult.Captured(
                await ClosureAsync(session, oid, cancellation).ConfigureAwait(false)
            ),
            [(_, var kind), ..] => new CaptureResult.NotAView(KindName(kind)),
        };
    }

    /// <summary>One domain, within whatever transaction the session has open.</summary>
    internal static async Task<CapturedObject> DomainAsync(
        PostgresSession session,
        RelationName name,
        CancellationToken cancellation
    )
    {
        var oids = await session
            .QueryAsync(
                "select 'pg_type'::regclass::oid, $1::regtype::oid",
                r => (Catalog: r.GetFieldValue<uint>(0), Oid: r.GetFieldValue<uint>(1)),
                cancellation,
                new NpgsqlParameter { Value = name.Sql }
            )
            .ConfigureAwait(false);
        var nodes = await session
            .QueryAsync(
                SqlText.Beside<RelationClosure>("Objects"),
                Node.Object,
                cancellation,
                OidParameter(oids.Select(o => o.Catalog)),
                OidParameter(oids.Select(o => o.Oid))
            )
            .ConfigureAwait(false);
        return (CapturedObject)nodes.Single().Thing;
    }

    private static async Task<CaptureResult> OnceAsync(
        PostgresSession session,
        RelationName name,
        CancellationToken cancellation
    )
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation)
            .ConfigureAwait(false);
        await session.ExecuteAsync(Bounded, cancellation).ConfigureAwait(false);
        try
        {
            return await ReadAsync(session, name, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e)
            when (e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled
                && !cancellation.IsCancellationRequested
            )
        {
            throw new RelationBusyException(name, e);
        }
    }

    private static async Task<RelationClosure> ClosureAsync(
        PostgresSession session,
        uint oid,
        CancellationToken cancellation
    )
    {
        var reached = await session
            .QueryAsync(
                SqlText.Beside<RelationClosure>("Dependents"),
                r =>
                    (
                        Restorable: r.GetBoolean(0),
                        Catalog: r.GetFieldValue<uint>(1),
                        Oid: r.GetFieldValue<uint>(2),
                        Description: r.IsDBNull(3) ? "" : r.GetString(3)
                    ),
                cancellation,
                OidParameter(oid)
            )
            .ConfigureAwait(false);
        var restorable = reached.Where(r => r.Restorable).ToLookup(r => r.Catalog == RelationCatalog);
        var nodes = await session
            .QueryAsync(
                SqlText.Beside<RelationClosure>("Relations"),
                Node.Relation,
                cancellation,
                OidParameter(restorable[true].Select(r => r.Oid))
            )
            .ConfigureAwait(false);
        var itself = nodes.Single(n => n.Key == $"{RelationCatalog}/{oid}");
        if (restorable[false].Any())
        {
            nodes.AddRange(
                await session
                    .QueryAsync(
                        SqlText.Beside<RelationClosure>("Objects"),
                        Node.Object,
                        cancellation,
                        OidParameter(restorable[false].Select(r => r.Catalog)),
                        OidParameter(restorable[false].Select(r => r.Oid))
                    )
                    .ConfigureAwait(false)
            );
        }

        var (ordered, cyclic) = InOrder(nodes);
        return RelationClosure.InThisOrder(
            (CapturedRelation)itself.Thing,
            ordered.Where(n => n != itself).Select(n => n.Thing),
            reached
                .Where(r => !r.Restorable)
                .Select(r => r.Description)
                .Concat(cyclic.Select(c => $"{Described(c.Thing)} (reads itself)"))
                .ToList()
        );
    }

    private static string Described(object thing) =>
        thing is CapturedRelation relation ? $"{relation.SqlKind} {relation.Name}" : $"{thing}";

    private static (List<Node> Ordered, List<Node> Cyclic) InOrder(List<Node> nodes)
    {
        var all = nodes.Select(n => n.Key).ToHashSet(StringComparer.Ordinal);
        var ordered = new List<Node>();
        var rest = nodes.ToList();
        var done = new HashSet<string>(StringComparer.Ordinal);
        while (rest.FindAll(n => n.Needs.All(k => done.Contains(k) || !all.Contains(k))) is { Count: > 0 } ready)
        {
            ordered.AddRange(ready);
            done.UnionWith(ready.Select(r => r.Key));
            rest.RemoveAll(n => done.Contains(n.Key));
        }

        return ([.. ordered, .. rest], rest);
    }

    private static bool Same(CaptureResult a, CaptureResult b) =>
        (a, b) is (CaptureResult.Captured x, CaptureResult.Captured y)
            ? string.Equals(Text(x.Closure), Text(y.Closure), StringComparison.Ordinal)
            : a == b;

    private static string Text(RelationClosure closure) =>
        JsonSerializer.Serialize(closure, RelationsJson.Default.RelationClosure);

    private static NpgsqlParameter OidParameter(uint oid) => new() { Value = oid, NpgsqlDbType = NpgsqlDbType.Oid };

    private static NpgsqlParameter OidParameter(IEnumerable<uint> oids) =>
        new() { Value = oids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Oid };

    private static string KindName(string kind) =>
        kind switch
        {
            "r" or "p" => "table",
            "f" => "foreign table",
            "i" or "I" => "index",
            "S" => "sequence",
            "c" => "composite type",
            _ => kind,
        };

    /// <param name="Key">Its catalog and oid.</param>
    /// <param name="Thing">A <see cref="CapturedRelation"/> or a <see cref="CapturedObject"/>.</param>
    /// <param name="Needs">The keys of what must be there before it can be created.</param>
    private sealed record Node(string Key, object Thing, IReadOnlyList<string> Needs)
    {
        public static Node Relation(NpgsqlDataReader row) => Read(row, RelationsJson.Default.CapturedRelation);

        public static Node Object(NpgsqlDataReader row) => Read(row, RelationsJson.Default.CapturedObject);

        private static Node Read<T>(NpgsqlDataReader row, JsonTypeInfo<T> type)
            where T : class =>
            new(row.GetString(0), JsonSerializer.Deserialize(row.GetString(1), type)!, row.GetFieldValue<string[]>(2));
    }
}
