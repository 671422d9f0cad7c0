using System.Collections.Concurrent;
using System.Data;
using System.Globalization;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Synthetic;

/// <summary>
/// Reads on and on, one query after the other on one connection, prepared as an application's are. After each read it rests at least as
/// long as that took, so that it never takes more than half of one backend's time.
/// </summary>
internal sealed class SyntheticReader(SyntheticReads reads, ProbeContext context) : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(1);

    private readonly ConcurrentQueue<SyntheticRead> ended = new();
    private readonly CancellationTokenSource over = new();
    private readonly Dictionary<string, NpgsqlCommand> prepared = new(StringComparer.Ordinal);
    private PostgresSession? session;
    private Task? reading;

    /// <summary>The reads that have ended since the last time, but not those of a time in which nobody asked.</summary>
    public IReadOnlyList<SyntheticRead> Take()
    {
        reading = reading is null or { IsFaulted: true } ? Task.Run(ReadOnAsync) : reading;
        var oldest = context.Time.GetUtcNow() - (context.Every * 2);
        var taken = new List<SyntheticRead>();
        while (ended.TryDequeue(out var read))
        {
            if (read.At >= oldest)
            {
                taken.Add(read);
            }
        }

        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        await over.CancelAsync().ConfigureAwait(false);
        if (reading is not null)
        {
            await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await CloseAsync().ConfigureAwait(false);
        over.Dispose();
    }

    private async Task ReadOnAsync()
    {
        var pace = TimeSpan.FromSeconds(1) / reads.Rate;
        var kept = (int)Math.Ceiling(context.Every * 3 / pace);
        for (var turn = 0; !over.IsCancellationRequested; turn++)
        {
            var began = context.Time.GetTimestamp();
            ended.Enqueue(await OneAsync(reads.Queries[turn % reads.Queries.Count]).ConfigureAwait(false));
            while (ended.Count > kept && ended.TryDequeue(out _))
            {
                // Nobody takes them any more.
            }

            var took = context.Time.GetElapsedTime(began);
            await Task.Delay(pace - took > took ? pace - took : took, context.Time, over.Token).ConfigureAwait(false);
        }
    }

    private async Task<SyntheticRead> OneAsync(string query)
    {
        using var deadline = new CancellationTokenSource(reads.Timeout + AnswerTime, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, deadline.Token);
        var began = context.Time.GetTimestamp();
        var wasPrepared = false;
        try
        {
            session ??= await OpenAsync(either.Token).ConfigureAwait(false);
            began = context.Time.GetTimestamp();
            (var command, wasPrepared) = await PreparedAsync(session, query, either.Token).ConfigureAwait(false);
            await using (
                var answer = await command
                    .ExecuteReaderAsync(CommandBehavior.SequentialAccess, either.Token)
                    .ConfigureAwait(false)
            )
            {
                while (await answer.ReadAsync(either.Token).ConfigureAwait(false))
                {
                    // Every row is fetched, as an application would.
                }
            }

            return Ended(ReadOutcome.Done, null);
        }
        catch (Exception e)
        {
            var isLate = deadline.IsCancellationRequested;
            var outcome = session is null ? ReadOutcome.NotAsked : OutcomeOf(e, wasPrepared, isLate);
            if (outcome is ReadOutcome.NotAsked or ReadOutcome.CachedPlan || isLate)
            {
                await CloseAsync().ConfigureAwait(false);
            }

            return Ended(outcome, outcome is ReadOutcome.TooSlow || isLate ? TooSlow : ProbeFailure.Of(e));
        }

        SyntheticRead Ended(ReadOutcome outcome, Message? problem) =>
            new(context.Time.GetUtcNow(), outcome, context.Time.GetElapsedTime(began), problem);
    }

    private Message TooSlow => Message.Of("probes.too-late", ("timeout", reads.Timeout));

    /// <summary>
    /// The server itself ends a read that takes too long. Where not even that was heard in time the answer was lost on the way, or the server
    /// stands still: nobody was told that the read failed.
    /// </summary>
    private static ReadOutcome OutcomeOf(Exception e, bool wasPrepared, bool isLate) =>
        e switch
        {
            PostgresException { SqlState: PostgresErrorCodes.QueryCanceled } => ReadOutcome.TooSlow,
            PostgresException outdated when wasPrepared && OutdatedPlan.Is(outdated) => ReadOutcome.CachedPlan,
            PostgresException { SqlState: var state } when !IsOfTheServer(state) => ReadOutcome.Failed,
            _ => isLate ? ReadOutcome.Lost : ReadOutcome.NotAsked,
        };

    /// <summary>It is going down, coming up or full: nothing that the query was answered.</summary>
    private static bool IsOfTheServer(string state) =>
        state.StartsWith("57P", StringComparison.Ordinal)
        || state.StartsWith("08", StringComparison.Ordinal)
        || state.StartsWith("53", StringComparison.Ordinal);

    private async Task<(NpgsqlCommand Command, bool WasPrepared)> PreparedAsync(
        PostgresSession on,
        string query,
        CancellationToken cancellation
    )
    {
        if (prepared.TryGetValue(query, out var known))
        {
            return (known, true);
        }

        var command = new NpgsqlCommand(OwnStatement.Mark(query), on.Connection);
        await command.PrepareAsync(cancellation).ConfigureAwait(false);
        prepared[query] = command;
        return (command, false);
    }

    private async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        var opened = await PostgresSession
            .OpenAsync(context.Target, context.ApplicationName, cancellation)
            .ConfigureAwait(false);
        try
        {
            var role = reads.Role is { } name ? $"set role {Identifiers.Quote(name)};" : "";
            await opened
                .ExecuteAsync(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"""
                        set default_transaction_read_only = on; set search_path to default; {role}
                        set statement_timeout = {(long)reads.Timeout.TotalMilliseconds}
                        """
                    ),
                    cancellation
                )
                .ConfigureAwait(false);
            return opened;
        }
        catch
        {
            await opened.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private async Task CloseAsync()
    {
        foreach (var command in prepared.Values)
        {
            await command.DisposeAsync().ConfigureAwait(false);
        }

        prepared.Clear();
        if (session is { } open)
        {
            session = null;
            await open.DisposeAsync().ConfigureAwait(false);
        }
    }
}
