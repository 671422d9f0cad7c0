using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace Tidelock.Runs.Sqlite;

/// <summary>
/// The journal in one SQLite file: the default, for one machine. Every append is on disk before it returns (synchronous = full).
/// Several processes may use the file at once; a writer waits up to 5 s for another.
/// </summary>
internal sealed class SqliteJournal : IJournal
{
    private readonly string connectionString;

    private SqliteJournal(string path)
    {
        Location = path;
        connectionString = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false,
            DefaultTimeout = 5,
        }.ConnectionString;
    }

    public string Location { get; }

    /// <summary>Opens the file, makes it where there is none, and brings its tables to this version.</summary>
    /// <exception cref="JournalUnwritableException">No permission, no space, or not a journal.</exception>
    public static async Task<SqliteJournal> OpenAsync(string path, CancellationToken cancellation)
    {
        var journal = new SqliteJournal(System.IO.Path.GetFullPath(path));
        return await journal
            .GuardAsync(async () =>
            {
                Directory.CreateDirectory(System.IO.Path.GetDirectoryName(journal.Location)!);
                await using var connection = await journal.ConnectAsync(cancellation).ConfigureAwait(false);
                await SqliteScripts.ApplyAsync(connection, cancellation).ConfigureAwait(false);
                return journal;
            })
            .ConfigureAwait(false);
    }

    public Task<AppendResult> AppendAsync(JournalEntry entry, long? epoch, CancellationToken cancellation) =>
        GuardAsync(async () =>
        {
            await using var connection = await ConnectAsync(cancellation).ConfigureAwait(false);
            await using var transaction = connection.BeginTransaction(deferred: false);
            if (await IsStoredAsync(connection, entry, cancellation).ConfigureAwait(false))
            {
                return AppendResult.Stored;
            }

            if (
                epoch is { } mine
                && await NewestEpochAsync(connection, entry.Stream, cancellation).ConfigureAwait(false) > mine
            )
            {
                throw new RunTakenOverException(new RunId(entry.Stream));
            }

            if (
                await LastSequenceAsync(connection, entry.Stream, cancellation).ConfigureAwait(false)
                != entry.Sequence - 1
            )
            {
                return AppendResult.Conflict;
            }

            await InsertAsync(connection, entry, cancellation).ConfigureAwait(false);
            await transaction.CommitAsync(cancellation).ConfigureAwait(false);
            return AppendResult.Stored;
        });

    public async IAsyncEnumerable<JournalEntry> ReadAsync(
        string stream,
        long after,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var entries = await GuardAsync(() =>
                EntriesAsync(
                    "select * from events where stream = $stream and sequence > $after order by sequence",
                    cancellation,
                    ("$stream", stream),
                    ("$after", after)
                )
            )
            .ConfigureAwait(false);
        foreach (var entry in entries)
        {
            yield return entry;
        }
    }

    public Task<long> TakeEpochAsync(RunId run, long? after, CancellationToken cancellation) =>
        GuardAsync(async () =>
        {
            await using var connection = await ConnectAsync(cancellation).ConfigureAwait(false);
            await using var command = Command(
                connection,
                """
                insert into epochs values ($run, 1)
                    on conflict (run) do update set epoch = epoch + 1 where $after = 0 or epoch = $after returning epoch
                """,
                ("$run", run.Value),
                ("$after", after ?? 0)
            );
            return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is long epoch
                ? epoch
                : throw new RunTakenOverException(run);
        });

    public Task<IReadOnlyList<RunHeads>> ListAsync(CancellationToken cancellation) =>
        GuardAsync(async () =>
        {
            var entries = await EntriesAsync(
                    """
                    select e.* from events e
                      join (select stream, min(sequence) as first, max(sequence) as last from events
                             where instr(stream, '@') = 0 group by stream) h
                        on h.stream = e.stream and e.sequence in (h.first, h.last)
                     order by e.stream desc, e.sequence
                    """,
                    cancellation
                )
                .ConfigureAwait(false);
            return RunHeads.Of(entries);
        });

    public Task SendAsync(RunCommand command, CancellationToken cancellation) =>
        GuardAsync(async () =>
        {
            await using var connection = await ConnectAsync(cancellation).ConfigureAwait(false);
            await using var insert = Command(
                connection,
                """
                insert into inbox (id, run, verb, argument, sender, sent_at) values ($id, $run, $verb, $argument, $sender, $at)
                    on conflict (id) do nothing
                """,
                ("$id", command.Id),
                ("$run", command.Run.Value),
                ("$verb", command.Verb.ToString()),
                ("$argument", command.Argument),
                ("$sender", command.By),
                ("$at", command.SentAt.ToString("O", CultureInfo.InvariantCulture))
            );
            return await insert.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        });

    public Task<IReadOnlyList<RunCommand>> InboxAsync(RunId run, CancellationToken cancellation) =>
        GuardAsync(async () =>
        {
            await using var connection = await ConnectAsync(cancellation).ConfigureAwait(false);
            await using var select = Command(
                connection,
                "select id, verb, argument, sender, sent_at from inbox where run = $run order by number",
                ("$run", run.Value)
            );
            await using var reader = await select.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
            var commands = new List<RunCommand>();
            while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
            {
                commands.Add(
                    new RunCommand(
                        reader.GetString(0),
                        run,
                        Enum.Parse<RunVerb>(reader.GetString(1)),
                        reader.GetString(2),
                        reader.GetString(3),
                        DateTimeOffset.Parse(reader.GetString(4), CultureInfo.InvariantCulture)
                    )
                );
            }

            return (IReadOnlyList<RunCommand>)commands;
        });

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task<SqliteConnection> ConnectAsync(CancellationToken cancellation)
    {
        var connection = new SqliteConnection(connectionString);
        await connection.OpenAsync(cancellation).ConfigureAwait(false);
        await using var pragma = Command(
            connection,
            "pragma journal_mode = wal; pragma synchronous = full; pragma busy_timeout = 5000"
        );
        await pragma.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
        return connection;
    }

    private async Task<List<JournalEntry>> EntriesAsync(
        string sql,
        CancellationToken cancellation,
        params (string Name, object Value)[] parameters
    )
    {
        await using var connection = await ConnectAsync(cancellation).ConfigureAwait(false);
        await using var command = Command(connection, sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var entries = new List<JournalEntry>();
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            entries.Add(
                new JournalEntry(
                    reader.GetString(0),
                    reader.GetInt64(1),
                    reader.GetString(2),
                    reader.GetString(3),
                    reader.GetString(4),
                    reader.GetString(5),
                    reader.GetString(6)
                )
            );
        }

        return entries;
    }

    private static async Task<bool> IsStoredAsync(
        SqliteConnection connection,
        JournalEntry entry,
        CancellationToken cancellation
    )
    {
        await using var command = Command(
            connection,
            "select 1 from events where event_id = $id",
            ("$id", entry.EventId)
        );
        return await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false) is not null;
    }

    private static async Task<long> NewestEpochAsync(
        SqliteConnection connection,
        string run,
        CancellationToken cancellation
    )
    {
        await using var command = Command(
            connection,
            "select coalesce(max(epoch), 0) from epochs where run = $run",
            ("$run", run)
        );
        return (long)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static async Task<long> LastSequenceAsync(
        SqliteConnection connection,
        string stream,
        CancellationToken cancellation
    )
    {
        await using var command = Command(
            connection,
            "select coalesce(max(sequence), 0) from events where stream = $stream",
            ("$stream", stream)
        );
        return (long)(await command.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
    }

    private static async Task InsertAsync(
        SqliteConnection connection,
        JournalEntry entry,
        CancellationToken cancellation
    )
    {
        await using var command = Command(
            connection,
            "insert into events values ($stream, $sequence, $id, $kind, $payload, $previous, $hash)",
            ("$stream", entry.Stream),
            ("$sequence", entry.Sequence),
            ("$id", entry.EventId),
            ("$kind", entry.Kind),
            ("$payload", entry.Payload),
            ("$previous", entry.PreviousHash),
            ("$hash", entry.Hash)
        );
        await command.ExecuteNonQueryAsync(cancellation).ConfigureAwait(false);
    }

    private static SqliteCommand Command(
        SqliteConnection connection,
        string sql,
        params ReadOnlySpan<(string Name, object Value)> parameters
    )
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value);
        }

        return command;
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            throw new JournalUnwritableException(Location, e.Message, e);
        }
    }
}
