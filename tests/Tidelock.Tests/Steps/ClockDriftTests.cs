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
}
