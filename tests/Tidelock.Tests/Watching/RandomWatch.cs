using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Tests.Watching;

/// <summary>Samples of two signals, made from a seed.</summary>
/// <param name="Seed">What they were made from.</param>
/// <param name="Missing">How many of a hundred failed or had no data.</param>
/// <param name="Samples">In the order of their times.</param>
internal sealed record RandomWatch(int Seed, int Missing, IReadOnlyList<Sample> Samples)
{
    public static RandomWatch Of(int seed, int missing, double until)
    {
        var random = new Random(seed);
        var samples = new List<Sample>();
        var level = 1.0;
        for (double t = 5; t <= until; t += 5)
        {
            level = random.Next(20) == 0 ? Math.Pow(10, random.NextDouble() * 3) : level;
            var at = Watched.At(Math.Min(until, t + (Math.Round(random.NextDouble(), 3) / 5)));
            samples.Add(One("error_rate", at, 0.002 * level * random.NextDouble(), random, missing));
            samples.Add(One("p95", at, 0.1 * level * random.NextDouble(), random, missing));
        }

        return new RandomWatch(seed, missing, samples);
    }

    public override string ToString() => $"seed {Seed}, {Missing} % missing";

    private static Sample One(string signal, DateTimeOffset at, double value, Random random, int missing) =>
        random.Next(100) switch
        {
            var r when r >= missing => Sample.Of(signal, at, value),
            var r when r % 2 == 0 => Sample.NoData(signal, at, Message.Of("probes.not-a-number")),
            _ => Sample.Error(signal, at, Message.Of("probes.not-a-number")),
        };
}
