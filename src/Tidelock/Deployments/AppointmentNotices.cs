using System.Threading.Channels;
using Tidelock.Notifications;
using Tidelock.Notifications.Announcements;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Deployments;

/// <summary>What the team is told of a planned start before there is a run: that it comes, and where it does not come after all, that.</summary>
internal sealed class AppointmentNotices(Announcer announcer, TimeProvider time)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Tells those channels that were not told of this very time before, and again those that did not answer as long as it is early enough;
    /// comes back with what went wrong to the last.
    /// </summary>
    /// <param name="request">With its appointment.</param>
    /// <param name="words">What somebody asks for meanwhile: nothing is tried again then, and it is left there for whoever reads it.</param>
    /// <param name="cancellation">Ends the sending.</param>
    public async Task<IReadOnlyList<Message>> AnnounceAsync(
        DeploymentRequest request,
        ChannelReader<RunRequest> words,
        CancellationToken cancellation
    )
    {
        var (subject, startsAt) = (Subject(request), request.Appointment!.StartsAt);
        var until = time.GetUtcNow() + Appointing.Sending;
        var before = await announcer.ToldAsync(subject, startsAt, cancellation).ConfigureAwait(false);
        var problems = new SortedDictionary<string, Message>(StringComparer.Ordinal);
        Func<string, bool> isMeant = kind => !before.Contains(kind, StringComparer.Ordinal);
        while (true)
        {
            var told = await announcer
                .AnnounceAsync(request.Change, subject, startsAt, isMeant, cancellation)
                .ConfigureAwait(false);
            foreach (var channel in told)
            {
                problems.Remove(channel.Channel);
                if (channel.Delivery.Problem is { } problem)
                {
                    problems[channel.Channel] = problem;
                }
            }

            var again = told.Where(t => t.Delivery is { Problem: not null, NeedsPerson: false }).ToList();
            var pause = again.Select(t => t.Delivery.RetryAfter ?? Pause).DefaultIfEmpty().Max();
            if (
                again.Count == 0
                || time.GetUtcNow() + pause > until
                || await IsAskedAsync(words, pause, cancellation).ConfigureAwait(false)
            )
            {
                return [.. problems.Values];
            }

            isMeant = kind => again.Exists(t => string.Equals(t.Channel, kind, StringComparison.Ordinal));
        }
    }

    /// <summary>Tells those who were told of it that it does not start then, once; comes back with what went wrong.</summary>
    public async Task<IReadOnlyList<Message>> CallOffAsync(
        DeploymentRequest request,
        Message why,
        CancellationToken cancellation
    )
    {
        try
        {
            var told = await announcer
                .CallOffAsync(request.Change, Subject(request), request.Appointment!.StartsAt, why, cancellation)
                .ConfigureAwait(false);
            return [.. told.Select(t => t.Delivery.Problem).OfType<Message>()];
        }
        catch (TidelockException e)
        {
            return [e.Problem];
        }
    }

    /// <summary>Waits, and tells whether somebody asked for something before it was over.</summary>
    private async Task<bool> IsAskedAsync(
        ChannelReader<RunRequest> words,
        TimeSpan pause,
        CancellationToken cancellation
    )
    {
        using var over = new CancellationTokenSource(pause, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, cancellation);
        try
        {
            return await words.WaitToReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return false;
        }
    }

    private static NoticeSubject Subject(DeploymentRequest request) =>
        NoticeSubject.Of(request.Change, request.TargetEnvironment.Name, request.Target.ToString(), request.By);
}
