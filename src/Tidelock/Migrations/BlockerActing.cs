using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Cancels or ends sessions that are in the way, as the change says, between tries: no lock is held meanwhile. It is the server that makes
/// sure, in the statement that acts, that it is still the same transaction of the same session, old enough, and one of those named.
/// </summary>
/// <param name="target">Where.</param>
/// <param name="applicationName">Of the connection that acts: <c>tidelock/RUN/EPOCH</c>.</param>
/// <param name="policy">Against whom.</param>
/// <param name="store">Stores every act before it is done and after; null: nobody is acted against, whatever the policy says.</param>
/// <param name="progress">Told what is done, and once per transaction why nothing can be.</param>
/// <param name="time">The clock.</param>
internal sealed class BlockerActing(
    PostgresTarget target,
    string applicationName,
    BlockerPolicy policy,
    Func<BlockerDeed, CancellationToken, Task>? store,
    Action<Message> progress,
    TimeProvider time
) : IAsyncDisposable
{
    /// <summary>Per transaction: what did not help three times will not help the next time.</summary>
    private const int Most = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly Dictionary<(int, DateTimeOffset?), int> acts = [];
    private readonly HashSet<(int, DateTimeOffset?)> given = [];
    private PostgresSession? session;

    public async Task OnAsync(IReadOnlyList<Blocker> blockers, CancellationToken cancellation)
    {
        if (store is null || policy.Act == BlockerAct.Wait)
        {
            return;
        }

        foreach (var blocker in blockers.Where(b => policy.Names(b) && !given.Contains(Key(b))))
        {
            if (Reason(blocker) is { } reason)
            {
                given.Add(Key(blocker));
                progress(reason);
            }
            else if (blocker.Age >= policy.After)
            {
                await ActAsync(blocker, cancellation).ConfigureAwait(false);
            }
        }
    }

    public ValueTask DisposeAsync() => session?.DisposeAsync() ?? ValueTask.CompletedTask;

    /// <summary>Why nothing can be done about it, now or later in this transaction; null when something can.</summary>
    private Message? Reason(Blocker blocker) =>
        blocker switch
        {
            { BackendStart: null } or { TransactionStart: null } => About("migrations.blockers.unseen", blocker),
            { IsIdle: true } when policy.Act == BlockerAct.Cancel && blocker.Age >= policy.After => About(
                "migrations.blockers.idle",
                blocker
            ),
            _ when acts.GetValueOrDefault(Key(blocker)) >= Most => About("migrations.blockers.goes-on", blocker),
            _ => null,
        };

    private async Task ActAsync(Blocker blocker, CancellationToken cancellation)
    {
        acts[Key(blocker)] = acts.GetValueOrDefault(Key(blocker)) + 1;
        await TellAsync(
                blocker,
                false,
                policy.Act == BlockerAct.Cancel ? "migrations.blockers.cancelling" : "migrations.blockers.terminating",
                cancellation
            )
            .ConfigureAwait(false);
        var code = await DoAsync(blocker, cancellation).ConfigureAwait(false);
        await TellAsync(blocker, true, code, CancellationToken.None).ConfigureAwait(false);
    }

    /// <returns>The code of what came of it.</returns>
    private async Task<string> DoAsync(Blocker blocker, CancellationToken cancellation)
    {
        session ??= await OpenAsync(cancellation).ConfigureAwait(false);
        try
        {
            var told = await session
                .ScalarAsync<bool>(
                    SqlText.Beside<BlockerActing>("Act"),
                    cancellation,
                    [
                        .. Same(blocker),
                        new() { Value = policy.After },
                        new() { Value = policy.Roles.ToArray() },
                        new() { Value = policy.Applications.ToArray() },
                        new() { Value = blocker.Relation?.Sql ?? "" },
                        new() { Value = policy.Act == BlockerAct.Terminate },
                    ]
                )
                .ConfigureAwait(false);
            if (
                told
                    ? !await IsGoneAsync(blocker, cancellation).ConfigureAwait(false)
                    : await IsThereAsync(blocker, cancellation).ConfigureAwait(false)
            )
            {
                return told ? "migrations.blockers.told" : "migrations.blockers.spared";
            }

            // Whoever still names it has not looked again.
            given.Add(Key(blocker));
            return told ? "migrations.blockers.ended" : "migrations.blockers.spared";
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            given.Add(Key(blocker));
            return "migrations.blockers.forbidden";
        }
    }

    private async Task<bool> IsGoneAsync(Blocker blocker, CancellationToken cancellation)
    {
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < Patience)
        {
            if (!await IsThereAsync(blocker, cancellation).ConfigureAwait(false))
            {
                return true;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellation).ConfigureAwait(false);
        }

        return false;
    }

    private Task<bool> IsThereAsync(Blocker blocker, CancellationToken cancellation) =>
        session!.ScalarAsync<bool>(
            SqlText.Beside<BlockerActing>("StillThere"),
            cancellation,
            [.. Same(blocker), new() { Value = blocker.Relation?.Sql ?? "" }]
        );

    private async Task TellAsync(Blocker blocker, bool isDone, string code, CancellationToken cancellation)
    {
        var finding = About(code, blocker);
        await store!(
            new BlockerDeed(policy.Act, blocker.ProcessId, blocker.BackendStart!.Value, isDone, finding),
            cancellation
        )
            .ConfigureAwait(false);
        progress(finding);
    }

    private async Task<PostgresSession> OpenAsync(CancellationToken cancellation)
    {
        var own = await PostgresSession.OpenAsync(target, applicationName, cancellation).ConfigureAwait(false);
        await own.ExecuteAsync("set statement_timeout = '5s'", cancellation).ConfigureAwait(false);
        return own;
    }

    private static IEnumerable<NpgsqlParameter> Same(Blocker blocker) =>
        [
            new() { Value = blocker.ProcessId },
            new() { Value = blocker.BackendStart!.Value },
            new() { Value = blocker.TransactionStart!.Value },
        ];

    private static (int, DateTimeOffset?) Key(Blocker blocker) => (blocker.ProcessId, blocker.TransactionStart);

    /// <summary>Without the text of its query, which may hold what does not belong into a journal.</summary>
    private Message About(string code, Blocker blocker) =>
        Message.Of(
            code,
            ("pid", blocker.ProcessId),
            ("user", blocker.User),
            ("application", blocker.Application),
            ("age", blocker.Age),
            ("state", blocker.State),
            ("relation", blocker.Relation is null ? "-" : blocker.Relation),
            ("we", target.User)
        );
}
