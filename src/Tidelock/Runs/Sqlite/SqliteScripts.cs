using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Tidelock.Runs.Sqlite;

/// <summary>Brings a journal file to this version: numbered scripts under the write lock, the number kept in user_version.</summary>
internal static class SqliteScripts
{
    private static readonly string[] Scripts = ["001_journal.sql"];

    public static async Task ApplyAsync(SqliteConnection connection, CancellationToken cancellation)
    {
        if (await VersionAsync(connection, cancellation).ConfigureAwait(false) == Scripts.Length)
        {
            return;
        }

        await using var transaction = connection.BeginTransaction(deferred: false);
        var version = await VersionAsync(connection, cancellation).ConfigureAwait(false);
        if (version > Scripts.Length)
        {
            throw new JournalUnwritableException(
                connection.DataSource,
                $"it was written by a newer version ({version})"
            );
        }

        foreach (var script in Scripts.Skip(version))
        {
            await ExecuteAsync(connection, Read(script), cancellation).ConfigureAwait(false);
        }

        await ExecuteAsync(
                connection,
                string.Create(CultureInfo.InvariantCulture, $"pragma user_version = {Scripts.Length}"),
                cancellation
            )
            .ConfigureAwait(false);
        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task<int> VersionAsync(SqliteConnection connection, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = "pragma user_version";
        return (int)(long)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static async Task ExecuteAsync(SqliteConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private static string Read(string script)
    {
        var assembly = typeof(SqliteScripts).Assembly;
        using var stream = assembly.GetManifestResourceStream($"Tidelock.Runs.Sqlite.{script}")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
