namespace Tidelock.Probes.Kubernetes;

/// <summary>The lines of one signal as they come, told as a rate over the time since it was told last.</summary>
/// <param name="filter">Which lines are counted.</param>
/// <param name="since">How far back the first lines go.</param>
/// <param name="time">The clock.</param>
internal sealed class LineRate(LineFilter filter, TimeSpan since, TimeProvider time)
{
    private long count;
    private long? toldAt;
    private bool hasTold;

    public void Take(string container, string line)
    {
        if (filter.Counts(container, line))
        {
            Interlocked.Increment(ref count);
        }
    }

    /// <summary>Time counts from here on, unless it already does.</summary>
    public void Begin() => toldAt ??= time.GetTimestamp();

    /// <summary>
    /// Lines per second; null at the first look, and for none while not all logs are read: then nobody knows. Some are more than the
    /// others alone would have had, and are told.
    /// </summary>
    public double? Next(bool isAll)
    {
        var now = time.GetTimestamp();
        if (toldAt is not { } last)
        {
            toldAt = now;
            return null;
        }

        if (!isAll && Interlocked.Read(ref count) == 0)
        {
            return null;
        }

        var elapsed = time.GetElapsedTime(last, now) + (hasTold ? TimeSpan.Zero : since);
        (toldAt, hasTold) = (now, true);
        return Interlocked.Exchange(ref count, 0) / Math.Max(elapsed.TotalSeconds, 0.001);
    }
}
