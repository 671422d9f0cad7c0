using System.Runtime.CompilerServices;
using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Runs.Postgres;

/// <summary>
/// The journal in a PostgreSQL database, for teams: schema <c>tidelock</c>. It must not be a database that changes are made in,
/// since it has to survive their restore. Appends lock the run's epoch row, so that taking an epoch waits for appends under way.
/// </summary>
internal sealed class PostgresJournal : IJournal
{
    private const string ApplicationName = "tidelock journal";

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Where every synchronous standby is away, COMMIT would wait for one without end: entries are then stored once they are on this
    /// server's disk. A role that may not see the standbys waits for them, at most until its answer is given up.
    /// </summary>
    private const string NoEndlessCommit = """
        select set_config('synchronous_commit', case when current_setting('synchronous_standby_names') <> ''
            and pg_has_role('pg_read_all_stats', 'USAGE')
            and not exists (select from pg_stat_get_wal_senders() where sync_state in ('sync', 'quorum'))
          then 'local' else s.reset_val end, false)
        from pg_settings s where s.name = 'synchronous_commit' and s.reset_val not in ('off', 'local')
        """;

    private readonly PostgresTarget target;
    private readonly SemaphoreSlim gate = new(1, 1);
    private PostgresSession? session;

    private PostgresJournal(PostgresTarget target) => this.target = target;

    public string Location => target.ToString();

    /// <summary>Connects and brings the schema to this version.</summary>
    /// <exception cref="JournalUnwritableException">No connection or no privileges.</exception>
    public static async Task<PostgresJournal> OpenAsync(PostgresTarget target, CancellationToken cancellation)
    {
        var journal = new PostgresJournal(target);
        await journal.UseAsync(PostgresScripts.ApplyAsync, cancellation).ConfigureAwait(false);
        return journal;
    }

    public Task<AppendResult> AppendAsync(JournalEntry entry, long? epoch, CancellationToken cancellation) =>
        UseAsync((s, limit) => AppendAsync(s, entry, epoch, limit), cancellation);

    public async IAsyncEnumerable<JournalEntry> ReadAsync(
        string stream,
        long after,
        [EnumeratorCancellation] CancellationToken cancellation
    )
    {
        var entries = await UseAsync(
                (s, limit) =>
                    s.QueryAsync(
                        "select * from tidelock.events where stream = $1 and sequence > $2 order by sequence",
                        Entry,
                        limit,
                        new() { Value = stream },
                        new() { Value = after }
                    ),
                cancellation
            )
            .ConfigureAwait(false);
        foreach (var entry in entries)
        {
            yield return entry;
        }
    }

    public async Task<long> TakeEpochAsync(RunId run, long? after, CancellationToken cancellation)
    {
        var epoch = await UseAsync(
                (s, limit) =>
                    s.ScalarAsync<long>(
                        """
                        insert into tidelock.epochs as e values ($1, 1)
                            on conflict (run) do update set epoch = e.epoch + 1 where $2 in (0, e.epoch) returning epoch
                        """,
                        limit,
                        new() { Value = run.Value },
                        new() { Value = after ?? 0 }
                    ),
                cancellation
            )
            .ConfigureAwait(false);
        return epoch > 0 ? epoch : throw new RunTakenOverException(run);
    }

    public async Task<IReadOnlyList<RunHeads>> ListAsync(CancellationToken cancellation) =>
        RunHeads.Of(
            await UseAsync(
                    (s, limit) =>
                        s.QueryAsync(
                            """
                            select e.* from tidelock.events e
                              join (select stream, min(sequence) as first, max(sequence) as last from tidelock.events
                                     where strpos(stream, '@') = 0 group by stream) h
                                on h.stream = e.stream and e.sequence in (h.first, h.last)
                             order by e.stream collate "C" desc, e.sequence
                            """,
                            Entry,
                            limit
                        ),
                    cancellation
                )
                .ConfigureAwait(false)
        );

    public Task SendAsync(RunCommand command, CancellationToken cancellation) =>
        UseAsync(
            (s, limit) =>
                s.ScalarAsync<long>(
                    """
                    insert into tidelock.inbox (id, run, verb, argument, sender, sent_at) values ($1, $2, $3, $4, $5, $6)
                        on conflict (id) do nothing returning number
                    """,
                    limit,
                    new() { Value = command.Id },
                    new() { Value = command.Run.Value },
                    new() { Value = command.Verb.ToString() },
                    new() { Value = command.Argument },
                    new() { Value = command.By },
                    new() { Value = command.SentAt.ToUniversalTime() }
                ),
            cancellation
        );

    public async Task<IReadOnlyList<RunCommand>> InboxAsync(RunId run, CancellationToken cancellation) =>
        await UseAsync(
                (s, limit) =>
                    s.QueryAsync(
                        "select id, verb, argument, sender, sent_at from tidelock.inbox where run = $1 order by number",
                        r => new RunCommand(
                            r.GetString(0),
                            run,
                            Enum.Parse<RunVerb>(r.GetString(1)),
                            r.GetString(2),
                            r.GetString(3),
                            r.GetFieldValue<DateTimeOffset>(4)
                        ),
                        limit,
                        new NpgsqlParameter { Value = run.Value }
                    ),
                cancellation
            )
            .ConfigureAwait(false);

    public async ValueTask DisposeAsync()
    {
        if (session is not null)
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }

        gate.Dispose();
    }

    private static async Task<AppendResult> AppendAsync(
        PostgresSession session,
        JournalEntry entry,
        long? epoch,
        CancellationToken cancellation
    )
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        if (await IsStoredAsync(session, entry, cancellation).ConfigureAwait(false))
        {
            return AppendResult.Stored;
        }

        var newest = await session
            .ScalarAsync<long>(
                "select epoch from tidelock.epochs where run = $1 for share",
                cancellation,
                new NpgsqlParameter { Value = entry.Stream }
            )
            .ConfigureAwait(false);
        if (epoch is { } mine && newest > mine)
        {
            throw new RunTakenOverException(new RunId(entry.Stream));
        }

        var last = await session
            .ScalarAsync<long>(
                "select coalesce(max(sequence), 0) from tidelock.events where stream = $1",
                cancellation,
                new NpgsqlParameter { Value = entry.Stream }
            )
            .ConfigureAwait(false);
        if (last != entry.Sequence - 1 || !await InsertAsync(session, entry, cancellation).ConfigureAwait(false))
        {
            // The COMMIT of an earlier try whose answer was lost may have come through only now.
            return await IsStoredAsync(session, entry, cancellation).ConfigureAwait(false)
                ? AppendResult.Stored
                : AppendResult.Conflict;
        }

        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return AppendResult.Stored;
    }

    private static async Task<bool> IsStoredAsync(
        PostgresSession session,
        JournalEntry entry,
        CancellationToken cancellation
    ) =>
        await session
            .ScalarAsync<int>(
                "select 1 from tidelock.events where event_id = $1",
                cancellation,
                new NpgsqlParameter { Value = entry.EventId }
            )
            .ConfigureAwait(false) == 1;

    private static async Task<bool> InsertAsync(
        PostgresSession session,
        JournalEntry entry,
        CancellationToken cancellation
    ) =>
        await session
            .ScalarAsync<int>(
                "insert into tidelock.events values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning 1",
                cancellation,
                new() { Value = entry.Stream },
                new() { Value = entry.Sequence },
                new() { Value = entry.EventId },
                new() { Value = entry.Kind },
                new() { Value = entry.Payload },
                new() { Value = entry.PreviousHash },
                new() { Value = entry.Hash }
            )
            .ConfigureAwait(false) == 1;

    private static JournalEntry Entry(NpgsqlDataReader r) =>
        new(
            r.GetString(0),
            r.GetInt64(1),
            r.GetString(2),
            r.GetString(3),
            r.GetString(4),
            r.GetString(5),
            r.GetString(6)
        );

    /// <param name="work">Gets a token that also ends when the server has not answered for too long.</param>
    /// <param name="cancellation">Of the caller.</param>
    private async Task<T> UseAsync<T>(
        Func<PostgresSession, CancellationToken, Task<T>> work,
        CancellationToken cancellation
    )
    {
        await gate.WaitAsync(cancellation).ConfigureAwait(false);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(AnswerLimit);
        try
        {
            session ??= await PostgresSession.OpenAsync(target, ApplicationName, limit.Token).ConfigureAwait(false);
            await session.ExecuteAsync(NoEndlessCommit, limit.Token).ConfigureAwait(false);
            return await work(session, limit.Token).ConfigureAwait(false);
        }
        catch (TidelockException e) when (e is not RunTakenOverException)
        {
            throw new JournalUnwritableException(Location, e.Message, e);
        }
        catch (NpgsqlException e)
        {
            await CloseAsync().ConfigureAwait(false);
            throw new JournalUnwritableException(Location, e.Message, e);
        }
        catch (OperationCanceledException e)
        {
            await CloseAsync().ConfigureAwait(false);
            if (cancellation.IsCancellationRequested)
            {
                throw;
            }

            throw new JournalUnwritableException(
                Location,
                FormattableString.Invariant($"no answer within {AnswerLimit.TotalSeconds} s"),
                e
            );
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task CloseAsync()
    {
        if (session is not null)
        {
            await session.DisposeAsync().ConfigureAwait(false);
            session = null;
        }
    }
}
