using Tidelock.Backups.Dumps;
using Tidelock.Postgres;

namespace Tidelock.Backups.Restoring;

/// <summary>The temporary file for <c>pg_restore --use-list</c>: all of a dump but the schemas and extensions that are there already.</summary>
internal sealed class UseList : IDisposable
{
    private UseList(string path) => Path = path;

    public string Path { get; }

    public static Task<UseList> WriteAsync(DumpList list, PostgresSession session, CancellationToken cancellation) =>
        WriteAsync(list, session, [], cancellation);

    /// <param name="tables">The tables whose rows are restored; empty for all.</param>
    public static async Task<UseList> WriteAsync(
        DumpList list,
        PostgresSession session,
        IReadOnlyCollection<RelationName> tables,
        CancellationToken cancellation
    )
    {
        var schemas = await NamesAsync(session, "select nspname::text from pg_namespace", cancellation)
            .ConfigureAwait(false);
        var extensions = await NamesAsync(session, "select extname::text from pg_extension", cancellation)
            .ConfigureAwait(false);
        var use = new UseList(System.IO.Path.GetTempFileName());
        var lines = list.Without(schemas, extensions);
        await File.WriteAllLinesAsync(
                use.Path,
                tables.Count == 0 ? lines : DumpList.WithRowsOf(lines, tables),
                cancellation
            )
            .ConfigureAwait(false);
        return use;
    }

    public void Dispose() => File.Delete(Path);

    private static async Task<HashSet<string>> NamesAsync(
        PostgresSession session,
        string sql,
        CancellationToken cancellation
    ) => [.. await session.QueryAsync(sql, r => r.GetString(0), cancellation).ConfigureAwait(false)];
}
