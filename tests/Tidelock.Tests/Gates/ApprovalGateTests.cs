using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

public sealed class ApprovalGateTests
{
    private const string Two = "approval: { required: 2 }";

    [Fact]
    public async Task So_many_different_people_must_approve_however_often_each_does()
    {
        await using var bench = await GateBench.CreateAsync(Two);
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("approval", "Kim");
        Assert.True((await bench.StandingAsync(new ApprovalGate())).Refuses);
        await bench.SayAsync("approval", "Kim Min <kim@example.com>");
        Assert.True((await bench.StandingAsync(new ApprovalGate())).Refuses);
        await bench.SayAsync("approval", "lee");
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed);
        Assert.Equal("kim, lee", standing.By);
        Assert.Contains("not signed", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("서명 없음", TextCatalog.Korean.Render(standing.Finding), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_person_who_withdraws_does_not_count_and_a_word_on_another_gate_is_no_approval()
    {
        await using var bench = await GateBench.CreateAsync(Two);
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("on-call", "park");
        await bench.SayAsync("approval", "lee");
        await bench.SayAsync("approval", "kim", WordKind.Withdrawn);
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Refuses);
        Assert.Equal("1", standing.Finding.Arguments["given"]);
    }

    [Fact]
    public async Task An_approval_is_of_the_digest_and_outlives_days_and_runs()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        await bench.SayAsync("approval", "kim");
        await bench.RunAsync("production", RunResult.RolledBack);
        bench.Time.Advance(TimeSpan.FromDays(30));
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Fact]
    public async Task One_that_expires_counts_until_then_and_says_when()
    {
        await using var bench = await GateBench.CreateAsync("approval: { expires: 72h }");
        await bench.SayAsync("approval", "kim");
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.Contains("until 2026-11-25 17:00:00Z", standing.Finding.ToString(), StringComparison.Ordinal);
        bench.Time.Advance(TimeSpan.FromHours(72));
        var expired = await bench.StandingAsync(new ApprovalGate());
        Assert.True(expired.Refuses);
        Assert.Contains("until 2026-11-25 17:00:00Z", expired.Finding.ToString(), StringComparison.Ordinal);
        await bench.SayAsync("approval", "kim");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Fact]
    public async Task A_denial_stands_against_all_approvals_until_its_giver_approves()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        await bench.SayAsync("approval", "lee", WordKind.Denied, "the KPI job runs tonight");
        await bench.SayAsync("approval", "kim");
        var denied = await bench.StandingAsync(new ApprovalGate());
        Assert.True(denied.Refuses);
        Assert.Contains("lee denied it", denied.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("the KPI job runs tonight", denied.Finding.ToString(), StringComparison.Ordinal);
        await bench.SayAsync("approval", "lee");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Fact]
    public async Task Words_that_were_changed_in_the_journal_count_for_nothing_and_only_this_gate_says_so()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        await bench.SayAsync("approval", "lee", WordKind.Denied, "the KPI job runs tonight");
        await bench.SayAsync("approval", "kim");
        await bench.EditAsync("update events set payload = replace(payload, 'Denied', 'Withdrawn')");
        var broken = await bench.StandingAsync(new ApprovalGate());
        Assert.Equal((true, "runs.stream-broken"), (broken.Refuses, broken.Finding.Code));
        Assert.Contains("let it be approved", broken.Finding.ToString(), StringComparison.Ordinal);
        bench.Read("approval: { required: 1 }", "author: choi\ntitle: again");
        await bench.SayAsync("approval", "kim");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Fact]
    public async Task Where_two_must_approve_they_are_neither_the_author_nor_whoever_runs_it()
    {
        await using var bench = await GateBench.CreateAsync(Two);
        bench.Read(Two, "author: Choi Ara <choi@example.com>");
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("approval", "choi");
        await bench.SayAsync("approval", "park");
        var own = await bench.StandingAsync(new ApprovalGate());
        Assert.True(own.Refuses);
        Assert.Contains("choi: whoever wrote", own.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("park: whoever runs", own.Finding.ToString(), StringComparison.Ordinal);

        bench.By = "seo";
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
        bench.By = "choi@example.com";
        var author = await bench.StandingAsync(new ApprovalGate());
        Assert.Contains("somebody else runs it", author.Finding.ToString(), StringComparison.Ordinal);

        bench.Read(Two, "title: nobody wrote it");
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("approval", "lee");
        var unknown = await bench.StandingAsync(new ApprovalGate());
        Assert.True(unknown.Refuses);
        Assert.Contains("author:", unknown.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_takes_a_run_over_runs_it_too()
    {
        await using var bench = await GateBench.CreateAsync(Two);
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("approval", "lee");
        var state = new EpochTaken(1, "bastion-1", 7) { By = "park" }.Apply(new RunState());
        bench.TakenBy = state.TakenBy;
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
        bench.TakenBy = new EpochTaken(2, "bastion-1", 8) { By = "kim" }
            .Apply(state)
            .TakenBy;
        var resumed = await bench.StandingAsync(new ApprovalGate());
        Assert.Contains("kim: whoever runs", resumed.Finding.ToString(), StringComparison.Ordinal);
        bench.TakenBy = ["Choi <choi@example.com>"];
        var author = await bench.StandingAsync(new ApprovalGate());
        Assert.Contains("somebody else runs it", author.Finding.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("approval: { required: 1 }", true)]
    [InlineData("approval: { required: 2 }", false)]
    [InlineData("approval: { command: [./ticket] }", false)]
    public async Task Whoever_runs_it_is_asked_only_for_an_approval_that_counts(string gates, bool counts)
    {
        await using var bench = await GateBench.CreateAsync(gates);
        Assert.Equal(counts, bench.Change.Section<GateOptions>().MayBeApprovedByExecutor);
    }

    [Fact]
    public async Task A_policy_may_let_one_person_do_two_things_and_that_is_shown_in_red()
    {
        const string policy = """
            environments:
              production:
                approvals: { allow: [author approves, author executes, executor approves] }
              others: {}
            """;
        await using var bench = await GateBench.WithPolicyAsync(Two, policy);
        bench.By = "choi";
        await bench.SayAsync("approval", "choi");
        await bench.SayAsync("approval", "kim");
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed);
        Assert.True(standing.Overridden);
        Assert.Contains("EXCEPTION: choi", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains("tidelock.yaml:3", standing.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_policy_demands_is_part_of_what_is_approved_and_whom_it_lets_pass_over_what_is_not()
    {
        const string policy = "environments: { production: { gates: { approval: { expires: 72h } } }, others: {} }";
        await using var bench = await GateBench.WithPolicyAsync("approval: { required: 1 }", policy);
        await bench.SayAsync("approval", "kim");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));

        var passing = policy.Replace("} } }, o", "} }, overrides: { slack: [kim] } }, o", StringComparison.Ordinal);
        await PolicyAsync(bench, "# a comment\n" + passing);
        Assert.True(await bench.PassesAsync(new ApprovalGate()));

        await PolicyAsync(bench, policy.Replace("72h", "90d", StringComparison.Ordinal));
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Refuses);
        Assert.Contains("policy demanded something else", standing.Finding.ToString(), StringComparison.Ordinal);
        await bench.SayAsync("approval", "kim");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Fact]
    public async Task It_is_of_what_the_plan_foresaw_and_a_plan_that_foresees_otherwise_voids_it()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        var plan = Shown(bench, "there: DROP VIEW public.scores");
        await bench.AddAsync(plan);
        await bench.AddAsync(
            new Word(WordKind.Confirmed, "approval", "kim", "", bench.Time.GetUtcNow(), "host").BoundTo(
                plan,
                bench.Change
            )
        );
        Assert.True(await bench.PassesAsync(new ApprovalGate()));

        await bench.AddAsync(Shown(bench, "there: DROP VIEW public.scores", "there: drops view public.top_scores too"));
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Refuses);
        Assert.Contains(
            "now there: drops view public.top_scores",
            standing.Finding.ToString(),
            StringComparison.Ordinal
        );
        Assert.Contains("tidelock plan", TextCatalog.Korean.Render(standing.Finding), StringComparison.Ordinal);

        await bench.AddAsync(plan);
        await bench.AddAsync(Shown(bench, "there: of another database") with { Target = "7/other" });
        await bench.AddAsync(plan with { Foreseen = null });
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    private static Word Shown(GateBench bench, params string[] foreseen) =>
        new(WordKind.Shown, "approval", "park", "", bench.Time.GetUtcNow(), "host")
        {
            Target = "7/scores",
            Foreseen = foreseen,
        };

    private static async Task PolicyAsync(GateBench bench, string policy)
    {
        await File.WriteAllTextAsync(bench.PathOf("tidelock.yaml"), policy);
        bench.Read("approval: { required: 1 }");
    }

    [Fact]
    public async Task An_edit_voids_it_and_the_gate_says_which_line_was_changed()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        await bench.SayAsync("approval", "kim");
        await bench.KeepTextAsync("kim");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));

        bench.Read("approval: { required: 1 }, staging: { soak: 1h }");
        var edited = await bench.StandingAsync(new ApprovalGate());
        Assert.True(edited.Refuses);
        var text = edited.Finding.ToString();
        Assert.Contains("edited after kim approved it", text, StringComparison.Ordinal);
        Assert.Contains(
            "change.yaml:4: \"gates: { approval: { required: 1 } }\" became \"gates: { approval: { required: 1 }, staging",
            text,
            StringComparison.Ordinal
        );
        Assert.Contains("change.yaml:4", TextCatalog.Korean.Render(edited.Finding), StringComparison.Ordinal);
    }
}
