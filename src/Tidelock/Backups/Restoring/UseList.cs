using Tidelock.Backups.Dumps;
using Tidelock.Postgres;

namespace Tidelock.Backups.Restoring;

/// <summary>The temporary file for <c>pg_restore --use-list</c>: all of a dump but the schemas and extensions that are there already.</summary>
internal sealed class UseList : IDisposable
{
    private UseList(string path) => Path = path;

    public string Path { get; }

    /// <summary>For a copy, on which nothing may reach other servers: without user mappings.</summary>
    /// <param name="list">Of the dump.</param>
    /// <param name="session">In the copy.</param>
    /// <param name="tables">The tables whose rows are restored; empty for all.</param>
    /// <param name="unfilled">Materialized views that stay empty.</param>
    /// <param name="cancellation">Ends it.</param>
    public static async Task<UseList> ForCopyAsync(
        DumpList list,
        PostgresSession session,
        IReadOnlyCollection<RelationName> tables,
        IReadOnlyCollection<RelationName> unfilled,
        CancellationToken cancellation
    )
    {
        var lines = DumpList.Enclosed(await NeededAsync(list, session, cancellation).ConfigureAwait(false), unfilled);
        return await WriteAsync(tables.Count == 0 ? lines : DumpList.WithRowsOf(lines, tables), cancellation)
            .ConfigureAwait(false);
    }

    public static async Task<UseList> WriteAsync(
        DumpList list,
        PostgresSession session,
        CancellationToken cancellation
    ) =>
        await WriteAsync(await NeededAsync(list, session, cancellation).ConfigureAwait(false), cancellation)
            .ConfigureAwait(false);

    public void Dispose() => File.Delete(Path);

    private static async Task<IEnumerable<string>> NeededAsync(
        DumpList list,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var schemas = await NamesAsync(session, "select nspname::text from pg_namespace", cancellation)
            .ConfigureAwait(false);
        var extensions = await NamesAsync(session, "select extname::text from pg_extension", cancellation)
            .ConfigureAwait(false);
        return list.Without(schemas, extensions);
    }

    private static async Task<UseList> WriteAsync(IEnumerable<string> lines, CancellationToken cancellation)
    {
        var use = new UseList(System.IO.Path.GetTempFileName());
        await File.WriteAllLinesAsync(use.Path, lines, cancellation).ConfigureAwait(false);
        return use;
    }

    private static async Task<HashSet<string>> NamesAsync(
        PostgresSession session,
        string sql,
        CancellationToken cancellation
    ) => [.. await session.QueryAsync(sql, r => r.GetString(0), cancellation).ConfigureAwait(false)];
}
