using Tidelock.Steps;
using Tidelock.Texts;

namespace Tidelock.Tests.Steps;

public sealed class ClockDriftTests
{
    private static readonly Message Finding = Message.Of("test.passed");

    [Theory]
    [InlineData(0, 0.001, "test.passed")]
    [InlineData(2, 0.001, "test.passed")]
    [InlineData(-1.9, 0.001, "test.passed")]
    [InlineData(2.1, 0.001, "steps.prerequisites.clock-ahead")]
    [InlineData(-240, 0.001, "steps.prerequisites.clock-behind")]
    [InlineData(5, 4, "test.passed")]
    public void A_difference_is_told_where_it_is_larger_than_what_is_harmless_and_than_the_look_is_exact(
        double ahead,
        double within,
        string code
    ) =>
        Assert.Equal(
            code,
            new ClockDrift(TimeSpan.FromSeconds(ahead), TimeSpan.FromSeconds(within)).Beside(Finding).Code
        );

    [Theory]
    [InlineData(299, 0.1, false)]
    [InlineData(301, 0.1, true)]
    [InlineData(-301, 0.1, true)]
    [InlineData(301, 2, false)]
    public void A_clock_that_is_far_off_begins_nothing(double ahead, double within, bool refuses)
    {
        var now = new DateTimeOffset(2026, 11, 22, 17, 0, 0, TimeSpan.Zero);
        var drift = new ClockDrift(TimeSpan.FromSeconds(ahead), TimeSpan.FromSeconds(within));
        Assert.Equal(refuses, drift.Problem(now) is not null);
    }
}
