using Tidelock.Probes;

namespace Tidelock.Tests.Probes;

public sealed class GuardedProbeTests
{
    private static readonly ProbeContext Context = new(
        Reading.NoDatabase,
        "test",
        TimeSpan.FromMilliseconds(100),
        TimeProvider.System,
        new HttpClientHandler()
    );

    [Fact]
    public async Task Whatever_a_probe_throws_is_an_error_of_all_its_signals()
    {
        await using var probe = new GuardedProbe(
            new ActingProbe(_ => throw new InvalidOperationException("broken")),
            Context
        );
        var samples = await probe.ReadAsync(default);
        Assert.Equal(["a", "b"], samples.Select(s => s.Signal));
        Assert.All(samples, s => Assert.Equal("it could not be read: broken", s.Detail!.ToString()));
    }

    [Fact]
    public async Task A_signal_that_was_left_out_is_an_error()
    {
        var half = Sample.Of("a", DateTimeOffset.UnixEpoch, 1);
        await using var probe = new GuardedProbe(
            new ActingProbe(_ => Task.FromResult<IReadOnlyList<Sample>>([half])),
            Context
        );
        var samples = await probe.ReadAsync(default);
        Assert.Equal((half, "b", SampleOutcome.Error), (samples[0], samples[1].Signal, samples[1].Outcome));
    }

    [Fact]
    public async Task One_that_does_not_end_holds_nobody_up_and_is_not_asked_again_until_it_has_ended()
    {
        var (asked, end) = (0, new TaskCompletionSource<IReadOnlyList<Sample>>());
        await using var probe = new GuardedProbe(
            new ActingProbe(_ =>
            {
                asked++;
                return end.Task;
            }),
            Context
        );
        Assert.All(await probe.ReadAsync(default), s => Assert.Equal("probes.too-late", s.Detail!.Code));
        Assert.All(await probe.ReadAsync(default), s => Assert.Equal("probes.too-late", s.Detail!.Code));
        Assert.Equal(1, asked);
        end.SetResult([]);
        await probe.ReadAsync(default);
        Assert.Equal(2, asked);
    }

    [Fact]
    public async Task One_that_does_not_end_well_keeps_none_beside_it_from_ending()
    {
        var ended = false;
        var probes = new[] { new InvalidOperationException("broken"), null }
            .Select(failure => new GuardedProbe(
                new ActingProbe(
                    _ => Task.FromResult<IReadOnlyList<Sample>>([]),
                    () => ended = failure is null ? true : throw failure
                ),
                Context
            ))
            .ToList();
        foreach (var probe in probes)
        {
            await probe.DisposeAsync();
        }

        Assert.True(ended);
    }

    private sealed class ActingProbe(Func<CancellationToken, Task<IReadOnlyList<Sample>>> read, Action? end = null)
        : IProbe
    {
        public IReadOnlyList<string> Signals => ["a", "b"];

        public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) => read(cancellation);

        public ValueTask DisposeAsync()
        {
            end?.Invoke();
            return ValueTask.CompletedTask;
        }
    }
}
