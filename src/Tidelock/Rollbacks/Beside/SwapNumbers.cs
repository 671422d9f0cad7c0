using Npgsql;
using Tidelock.Backups.Losses;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Beside;

/// <summary>
/// Sessions in both databases of a swap, opened before they are closed. Once everybody else is out, the sequences of the one that comes are set to where
/// those of the one that leaves stand: nobody can take a number in between. What fails here is told and keeps nobody from going back.
/// </summary>
internal sealed class SwapNumbers : IAsyncDisposable
{
    private PostgresSession? leaving;
    private PostgresSession? coming;

    /// <summary>Why the numbers do not go on; null where they do.</summary>
    public Message? Problem { get; private set; }

    /// <summary>Sequences that were behind, and are not any more.</summary>
    public IReadOnlyList<RelationName> Carried { get; private set; } = [];

    /// <summary>Their backends, which are no reason not to swap until they are let go.</summary>
    public IReadOnlyList<int> Backends =>
        [.. new[] { leaving, coming }.OfType<PostgresSession>().Select(s => s.Connection.ProcessID)];

    public static async Task<SwapNumbers> EnterAsync(
        StepContext context,
        DatabaseSwap swap,
        SwapPlan plan,
        CancellationToken cancellation
    )
    {
        var numbers = new SwapNumbers();
        try
        {
            if (plan.ComingIsClosed)
            {
                await swap.LetInAsync(cancellation).ConfigureAwait(false);
            }

            numbers.leaving = await context.OpenAsync(cancellation).ConfigureAwait(false);
            numbers.coming = await PostgresSession
                .OpenAsync(context.Target.WithDatabase(plan.Beside), context.ApplicationName, cancellation)
                .ConfigureAwait(false);
            await numbers
                .coming.ExecuteAsync(
                    "set default_transaction_read_only = off; set synchronous_commit = local; set lock_timeout = '2s'; set statement_timeout = '10s'",
                    cancellation
                )
                .ConfigureAwait(false);
        }
        catch (Exception e) when (IsTold(e))
        {
            await numbers.FailAsync(e).ConfigureAwait(false);
        }

        return numbers;
    }

    /// <summary>Sets them, and lets both databases go.</summary>
    public async Task CarryAsync(CancellationToken cancellation)
    {
        try
        {
            if (leaving is not null && coming is not null)
            {
                var stands = await SequenceStands.ReadAsync(leaving, cancellation).ConfigureAwait(false);
                Carried = await SequenceStands.CarryAsync(coming, stands, cancellation).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (IsTold(e))
        {
            await FailAsync(e).ConfigureAwait(false);
        }

        await DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var session in new[] { leaving, coming }.OfType<PostgresSession>())
        {
            await session.DisposeAsync().ConfigureAwait(false);
        }

        (leaving, coming) = (null, null);
    }

    private async Task FailAsync(Exception e)
    {
        Problem = Message.Of("rollbacks.sequences.not-carried", ("reason", RunLater.Reason(e)));
        await DisposeAsync().ConfigureAwait(false);
    }

    private static bool IsTold(Exception e) => e is NpgsqlException or TidelockException or IOException;
}
