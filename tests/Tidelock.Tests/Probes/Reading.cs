using Tidelock.Postgres;
using Tidelock.Probes;

namespace Tidelock.Tests.Probes;

/// <summary>Reads declared probes once, as the watch does.</summary>
internal static class Reading
{
    public static readonly PostgresTarget NoDatabase = PostgresTarget.Parse(
        "postgresql://nobody@127.0.0.1:1/nowhere",
        new Dictionary<string, string>(StringComparer.Ordinal)
    );

    public static async Task<Sample> OneAsync(ProbeOptions options, TimeSpan? every = null)
    {
        var factory = new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System);
        await using var probe = Assert.Single(
            factory.Create([options], NoDatabase, "tidelock/test/1", every ?? TimeSpan.FromSeconds(5))
        );
        Assert.Equal([options.Signal], probe.Signals);
        return Assert.Single(await probe.ReadAsync(CancellationToken.None));
    }
}
