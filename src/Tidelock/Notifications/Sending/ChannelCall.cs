using Tidelock.Texts;

namespace Tidelock.Notifications.Sending;

/// <summary>Calls a channel, and turns whatever goes wrong into a failed delivery.</summary>
internal static class ChannelCall
{
    /// <summary>A receiver that hangs is as good as one that is away.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <exception cref="OperationCanceledException">It was cancelled by <paramref name="cancellation"/>.</exception>
    public static async Task<Delivery> TellAsync(
        IChannel channel,
        NoticeView view,
        IReadOnlyList<Notice> news,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            // One that does not heed its cancellation is left behind.
            return await channel.TellAsync(view, news, either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return Delivery.Failed(view.Identifiers, Message.Of("notifications.no-answer", ("limit", Limit)));
        }
        catch (Exception e)
        {
            return Delivery.Failed(view.Identifiers, Problem(e));
        }
    }

    /// <summary>The same for the question whether it would take a notice.</summary>
    public static async Task<ChannelAnswer> AskAsync(
        IChannel channel,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await channel.AskAsync(either.Token).WaitAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            return new ChannelAnswer(false, Message.Of("notifications.no-answer", ("limit", Limit)));
        }
        catch (Exception e)
        {
            return new ChannelAnswer(false, Problem(e));
        }
    }

    private static Message Problem(Exception e) =>
        e is TidelockException known
            ? known.Problem
            : Message.Of("notifications.failed", ("kind", e.GetType().Name), ("reason", e.Message));
}
