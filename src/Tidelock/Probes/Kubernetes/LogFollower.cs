using System.Globalization;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Kubernetes;

/// <summary>
/// Reads the log of one life of a container with one kubectl for as long as that lives, and goes on where it ended: no line is counted
/// twice and none is left out.
/// </summary>
internal sealed class LogFollower : IAsyncDisposable
{
    private const int LongestLine = 16 * 1024;

    /// <summary>So that a kubectl whose parent was killed does not follow for ever.</summary>
    private const string LongestStream = "--request-timeout=15m";

    /// <summary>How much longer one kubectl may take to begin than another, with its login.</summary>
    private static readonly TimeSpan Room = TimeSpan.FromSeconds(5);

    /// <summary>Who has not failed by then follows: longer than connections take to time out.</summary>
    private static readonly TimeSpan Proof = TimeSpan.FromSeconds(35);

    private readonly ChildProgram kubectl;
    private readonly ContainerLife life;
    private readonly TimeSpan? back;
    private readonly Action<string, string> onLine;
    private readonly TimeProvider time;
    private readonly long beganAt;
    private readonly Lock one = new();
    private CancellationTokenSource over = new();
    private LogPlace newest;
    private LogPlace seen;
    private Task<Message?> stream;
    private LifeState asked;
    private Message? problem;
    private int failures;
    private long startedAt;
    private bool hasLived;
    private bool hasSaid;

    /// <param name="kubectl">The user's kubectl, with whatever precedes the verb.</param>
    /// <param name="life">Whose log.</param>
    /// <param name="state">How that life is now.</param>
    /// <param name="back">How far back it is read; null for its beginning.</param>
    /// <param name="after">The newest line of the life before: a kubectl that followed that one may have read some of this.</param>
    /// <param name="onLine">Takes the container and the line; called one line at a time.</param>
    /// <param name="time">The clock.</param>
    public LogFollower(
        ChildProgram kubectl,
        ContainerLife life,
        LifeState state,
        TimeSpan? back,
        LogPlace after,
        Action<string, string> onLine,
        TimeProvider time
    )
    {
        (this.kubectl, this.life, this.back, this.onLine, this.time) = (kubectl, life, back, onLine, time);
        (asked, beganAt, newest, seen) = (state, time.GetTimestamp(), after, after);
        stream = StartAsync(back == TimeSpan.Zero ? ["--tail=0"] : From(TimeSpan.Zero));
    }

    /// <summary>How far the log has been read.</summary>
    public LogPlace Newest
    {
        get
        {
            lock (one)
            {
                return newest;
            }
        }
    }

    /// <summary>Whether the life is over and its log was read to the end after that.</summary>
    public bool IsDone => asked is not LifeState.Runs && stream is { IsCompletedSuccessfully: true, Result: null };

    /// <summary>
    /// Goes on where the stream has ended. What is wrong with one that fails twice, or at once, until a next one follows; null for the end
    /// of one that had lived: the next has what that one missed.
    /// </summary>
    public async Task<Message?> KeepAsync(LifeState state)
    {
        hasLived |= !stream.IsCompleted;
        if (state is LifeState.Replaced && asked is not LifeState.Replaced && !IsDone)
        {
            // What kubectl follows now may be the log of the next life.
            await StopAsync().ConfigureAwait(false);
        }

        if (hasSaid || IsDone || (hasLived && time.GetElapsedTime(startedAt) > Proof))
        {
            (problem, failures) = (null, 0);
        }

        return IsDone ? null
            : stream.IsCompleted ? await GoOnAsync(state).ConfigureAwait(false)
            : problem;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        over.Dispose();
    }

    private async Task<Message?> GoOnAsync(LifeState state)
    {
        var end = await stream.ConfigureAwait(false);
        failures = end is null ? 0 : failures + 1;
        problem = failures < (hasLived && asked is LifeState.Runs ? 2 : 1) ? null : end;
        (hasLived, hasSaid, asked, seen) = (false, false, state, Newest);
        stream = StartAsync(From(time.GetElapsedTime(beganAt) + Room));
        return problem;
    }

    private async Task StopAsync()
    {
        await over.CancelAsync().ConfigureAwait(false);
        await ((Task)stream).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>
    /// From the newest line on; where there was none, from where the first stream began, by the node's own clock. kubectl knows whole
    /// seconds only: what lies between them is left out line by line.
    /// </summary>
    private string[] From(TimeSpan elapsed) =>
        seen.Lines > 0 ? [$"--since-time={seen.At.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}"]
        : back is { } far
            ? [string.Create(CultureInfo.InvariantCulture, $"--since={Math.Ceiling((elapsed + far).TotalSeconds)}s")]
        : [];

    private async Task<Message?> StartAsync(IReadOnlyList<string> from)
    {
        if (over.IsCancellationRequested)
        {
            over.Dispose();
            over = new CancellationTokenSource();
        }

        startedAt = time.GetTimestamp();
        var token = over.Token;
        var words = new BoundedText(LongestLine);
        try
        {
            var exit = await Reading(from)
                .RunAsync(new BoundedLines(LongestLine, Take).FillAsync, words.FillAsync, token)
                .ConfigureAwait(false);
            return exit == 0
                ? null
                : Message.Of(
                    "probes.kubernetes.log",
                    ("pod", life.Pod),
                    ("container", life.Container),
                    ("reason", words.Text.Trim())
                );
        }
        catch (OperationCanceledException) when (token.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception e) when (e is TidelockException or IOException)
        {
            return ProbeFailure.Of(e);
        }
    }

    private ChildProgram Reading(IReadOnlyList<string> from) =>
        kubectl with
        {
            Grace = TimeSpan.FromSeconds(1),
            Arguments =
            [
                .. kubectl.Arguments,
                "logs",
                life.Pod,
                "--container",
                life.Container,
                "--timestamps",
                LongestStream,
                .. asked switch
                {
                    LifeState.Runs => new[] { "--follow" },
                    LifeState.Ended => [],
                    LifeState.Replaced => ["--previous"],
                },
                .. from,
            ],
        };

    /// <summary>A line begins with its time.</summary>
    private void Take(string line)
    {
        var space = line.IndexOf(' ', StringComparison.Ordinal);
        var stamp = space < 0 ? line : line[..space];
        if (
            !DateTimeOffset.TryParse(stamp, CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at)
            || IsKnown(at)
        )
        {
            return;
        }

        onLine(life.Container, space < 0 ? "" : line[(space + 1)..]);
    }

    private bool IsKnown(DateTimeOffset at)
    {
        lock (one)
        {
            hasSaid = true;
            var isKnown = seen.Has(at);
            (seen, newest) = isKnown ? (seen.Less(at), newest) : (seen, newest.Then(at));
            return isKnown;
        }
    }
}

/// <summary>How a life of a container is, and so how kubectl comes by its log.</summary>
internal enum LifeState
{
    Runs,

    /// <summary>It is over, and the container has not been started again.</summary>
    Ended,

    /// <summary>It is over, and the container lives anew.</summary>
    Replaced,
}
