namespace SeedtestApi;

/// <summary>The faults the program was told to show: a share of requests that fail, and a delay for each.</summary>
internal sealed class Trouble
{
    private double rate;
    private TimeSpan delay;
    private long requests;

    public string Fail(double share)
    {
        rate = Math.Clamp(share, 0, 1);
        return Describe();
    }

    public string Slow(TimeSpan by)
    {
        delay = by;
        return Describe();
    }

    public string Reset()
    {
        (rate, delay) = (0, TimeSpan.Zero);
        return Describe();
    }

    public Task WaitAsync(CancellationToken cancellation) =>
        delay > TimeSpan.Zero ? Task.Delay(delay, TimeProvider.System, cancellation) : Task.CompletedTask;

    /// <summary>Fails evenly, not by chance: with a rate of 0.25 every fourth request.</summary>
    public void ThrowSometimes()
    {
        var number = Interlocked.Increment(ref requests);
        if (Math.Floor(number * rate) > Math.Floor((number - 1) * rate))
        {
            throw new TroubleException("told to fail");
        }
    }

    private string Describe() =>
        FormattableString.Invariant($"fail {rate:0.###}, slow {delay.TotalMilliseconds:0} ms\n");
}
