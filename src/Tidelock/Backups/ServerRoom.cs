using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>Whether the disk of a database's server has room for a second database of its size. Only a disk of this machine can be asked.</summary>
internal static class ServerRoom
{
    private const string Sql = """
        select pg_database_size(d.oid),
               coalesce(nullif(pg_tablespace_location(d.dattablespace), ''), (select setting from pg_settings where name = 'data_directory'))
        from pg_database d where d.datname = current_database()
        """;

    /// <param name="session">In the database, and in no transaction.</param>
    /// <param name="cancellation">Ends the look.</param>
    /// <returns>What is lacking; or how much is needed where nobody here can tell whether it is there.</returns>
    public static async Task<(Message? Lacking, Message? Unknown)> LookAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var (size, folder) = (
            await session.QueryAsync(Sql, r => (r.GetInt64(0), Folder(r)), cancellation).ConfigureAwait(false)
        )[0];
        var free =
            folder is not null && await SameMachine.IsAsync(session, cancellation).ConfigureAwait(false)
                ? FreeIn(folder)
                : null;
        (string, object?)[] arguments = [("size", Sizes.Short(size)), ("target", session.Target)];
        return free is not { } bytes ? (null, Message.Of("backups.server-room.unknown", arguments))
            : FreeSpace.IsEnough(bytes, size) ? (null, null)
            : (
                Message.Of(
                    "backups.server-room.lacking",
                    [.. arguments, ("folder", folder), ("free", Sizes.Short(bytes))]
                ),
                null
            );
    }

    private static string? Folder(NpgsqlDataReader r) => r.IsDBNull(1) ? null : r.GetString(1);

    private static long? FreeIn(string folder)
    {
        try
        {
            return FreeSpace.Of(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Of a server whose file system is not ours to see.
            return null;
        }
    }
}
