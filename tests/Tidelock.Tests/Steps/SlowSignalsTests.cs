using Tidelock.Checks;
using Tidelock.Probes;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Steps;

/// <summary>What the watch makes of the answers of downstream queries, the first of which is critical.</summary>
public sealed class SlowSignalsTests
{
    private static readonly IReadOnlyList<SqlCheck> Checks =
    [
        new("weekly KPI", "select 1", null, null, null, null, Critical: true),
        new("board", "select 1", null, null, null, null, Critical: false),
    ];

    [Fact]
    public void A_critical_query_that_fails_takes_the_change_back_at_the_first_look() =>
        Assert.Equal(VerdictState.Breached, JudgedAfter(Looks(Failed("weekly KPI"), Passed("board"))));

    [Fact]
    public void A_critical_query_that_was_only_slow_is_not_known_to_be_broken_before_it_is_slow_again()
    {
        var slow = Looks(Slow("weekly KPI"), Passed("board"));
        Assert.Equal(VerdictState.Unknown, JudgedAfter(slow));
        Assert.Equal(VerdictState.Breached, JudgedAfter(slow, slow));
        Assert.Equal(VerdictState.Healthy, JudgedAfter(slow, Looks(Passed("weekly KPI"), Passed("board"))));
    }

    [Fact]
    public void A_critical_query_that_fails_beside_a_slow_one_is_what_counts()
    {
        var sample = Looks(Failed("weekly KPI"), Slow("board"));
        Assert.Equal("checks.sql.failed", sample.Detail!.Code);
        Assert.Equal(VerdictState.Breached, JudgedAfter(sample));
    }

    [Theory]
    [InlineData("checks.sql.silent")]
    [InlineData("checks.sql.lost")]
    public void A_server_that_does_not_answer_is_an_error_of_the_instrument_however_often(string code)
    {
        var silent = Looks(Unanswered("weekly KPI", code), Passed("board"));
        Assert.Equal(SampleOutcome.Error, silent.Outcome);
        Assert.Equal(VerdictState.Unknown, JudgedAfter(silent, silent, silent));
    }

    [Fact]
    public async Task A_look_that_has_no_time_for_all_queries_is_followed_by_one_that_begins_with_those_it_left_out()
    {
        using var http = new HttpClient();
        await using var looking = Assert.Single(
            new SlowSignals(new SlowContext("a", "b", "c", "d", "e").Context, new Ground(http)).Every(TimeSpan.Zero)
        );
        var first = new List<string>();
        for (var look = 0; look < 6; look++)
        {
            var sample = Assert.Single(await looking.TakeAsync(TimeSpan.FromSeconds(20), default));
            first.Add(sample.Detail!.Arguments["check"]);
        }

        // Two queries a look, by a clock on which every query takes a minute.
        Assert.Equal(["a", "c", "e", "b", "d", "a"], first);
    }

    private static Sample Looks(params CheckResult[] results) =>
        SlowSignals.Judged([.. Checks.Zip(results)], unasked: 0, SampleEvents.Zero.AddMinutes(1));

    /// <summary>The verdict of <c>downstream fails</c> after these looks, a minute apart.</summary>
    private static VerdictState JudgedAfter(params Sample[] looks)
    {
        CriterionParser.TryParse(
            "downstream fails",
            new Dictionary<string, SignalUnit>(StringComparer.Ordinal),
            out var criterion,
            out _,
            out _
        );
        var options = new WatchOptions(
            TimeSpan.FromMinutes(30),
            TimeSpan.FromSeconds(5),
            TimeSpan.FromMinutes(2),
            TimeSpan.FromMinutes(1),
            [],
            [],
            [criterion!]
        );
        var samples = looks.Select((s, i) => s with { At = SampleEvents.Zero.AddMinutes(i + 1) }).ToList();
        var evidence = new WatchEvidence(options, samples, [], SampleEvents.Zero, samples[^1].At);
        return criterion!.JudgeRollBack(evidence).State;
    }

    private static CheckResult Passed(string name) => Of(name, "checks.sql.passed") with { Passed = true };

    private static CheckResult Failed(string name) => Of(name, "checks.sql.failed");

    private static CheckResult Slow(string name) => Of(name, "checks.too-slow");

    private static CheckResult Unanswered(string name, string code) => Of(name, code) with { IsAnswered = false };

    private static CheckResult Of(string name, string code) =>
        new(name, false, TimeSpan.FromSeconds(1), Message.Of(code, ("check", name)));
}
