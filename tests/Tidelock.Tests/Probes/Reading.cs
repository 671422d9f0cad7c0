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
        await using var probe = Open([options], every);
        Assert.Equal([options.Signal], probe.Signals);
        return Assert.Single(await probe.ReadAsync(CancellationToken.None));
    }

    public static async Task<IReadOnlyList<Sample>> AllAsync(IReadOnlyList<ProbeOptions> options)
    {
        await using var probe = Open(options);
        return await probe.ReadAsync(CancellationToken.None);
    }

    public static async Task<IReadOnlyList<Sample>> RangeAsync(
        ProbeOptions options,
        DateTimeOffset from,
        DateTimeOffset to
    )
    {
        await using var probe = Assert.IsType<IRangeProbe>(Open([options]), exactMatch: false);
        return await probe.ReadRangeAsync(from, to, TimeSpan.FromSeconds(5), CancellationToken.None);
    }

    public static async Task<IReadOnlyList<Sample>> AgesAsync(IReadOnlyList<ProbeOptions> options)
    {
        await using var probe = Assert.IsType<IRangeProbe>(Open(options), exactMatch: false);
        return await probe.ReadAgesAsync(CancellationToken.None);
    }

    private static IProbe Open(IReadOnlyList<ProbeOptions> options, TimeSpan? every = null) =>
        Assert.Single(
            new ProbeFactory(TidelockServices.ProbeKinds, TimeProvider.System).Create(
                options,
                NoDatabase,
                "tidelock/test/1",
                every ?? TimeSpan.FromSeconds(20)
            )
        );
}
