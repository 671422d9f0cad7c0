using Tidelock.Postgres;

namespace Tidelock.Tests.Postgres;

public sealed class TimelineHistoryTests
{
    [Fact]
    public void A_history_file_names_every_timeline_it_descends_from()
    {
        const string history =
            "1\t0/3000148\tno recovery target specified\n\n3\t0/5000000\tbefore 2026-11-22 17:00:00+00\n";

        Assert.Equal([1, 3], TimelineHistory.Parents(history));
    }
}
