using Microsoft.Extensions.Time.Testing;
using Tidelock.Notifications;
using Tidelock.Notifications.Sending;
using Tidelock.Texts;

namespace Tidelock.Tests.Notifications;

public sealed class RetryTests
{
    private static readonly Delivery Failed = Delivery.Failed(SlackBench.NoIds, Message.Of("test.failed"));
    private readonly FakeTimeProvider time = new();

    [Fact]
    public void Pauses_double_up_to_a_minute_and_begin_anew_after_success()
    {
        var retry = new Retry(TimeSpan.FromSeconds(2), time);
        foreach (var seconds in new[] { 2, 4, 8, 16, 32, 60, 60 })
        {
            retry.Failed(Failed);
            Assert.Equal(TimeSpan.FromSeconds(seconds), retry.Left);
            Assert.False(retry.IsOver);
            time.Advance(retry.Left);
            Assert.True(retry.IsOver);
        }

        retry.Reset();
        retry.Failed(Failed);
        Assert.Equal(TimeSpan.FromSeconds(2), retry.Left);
    }

    [Fact]
    public void What_only_a_person_can_mend_is_tried_every_minute()
    {
        var retry = new Retry(TimeSpan.FromSeconds(2), time);
        retry.Failed(Failed with { NeedsPerson = true });
        Assert.Equal(TimeSpan.FromMinutes(1), retry.Left);
        Assert.False(retry.IsAskedFor);
    }

    [Fact]
    public void A_receiver_that_asks_for_longer_gets_it()
    {
        var retry = new Retry(TimeSpan.FromSeconds(2), time);
        retry.Failed(Failed with { RetryAfter = TimeSpan.FromSeconds(30) });
        Assert.Equal((TimeSpan.FromSeconds(30), true), (retry.Left, retry.IsAskedFor));
        retry.Failed(Failed with { RetryAfter = TimeSpan.FromMilliseconds(1) });
        Assert.Equal(TimeSpan.FromSeconds(4), retry.Left);
    }
}
