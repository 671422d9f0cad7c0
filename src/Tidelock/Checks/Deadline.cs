namespace Tidelock.Checks;

/// <summary>A time limit of one check, told apart from being cancelled by a person.</summary>
internal sealed class Deadline : IDisposable
{
    private readonly CancellationTokenSource limit;
    private readonly CancellationTokenSource either;
    private readonly TimeProvider time;
    private readonly long start;

    public Deadline(TimeSpan within, TimeProvider time, CancellationToken cancellation)
    {
        limit = new CancellationTokenSource(within, time);
        either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        this.time = time;
        start = time.GetTimestamp();
    }

    public CancellationToken Token => either.Token;

    public bool IsOver => limit.IsCancellationRequested;

    public TimeSpan Took => time.GetElapsedTime(start);

    public void Dispose()
    {
        either.Dispose();
        limit.Dispose();
    }
}
