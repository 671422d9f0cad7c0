using Tidelock.Probes;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Steps;
using Tidelock.Tests.Runs;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Steps;

/// <summary>What the watch does about what it sees, tick by tick; every event goes into the run's state, as in a journal.</summary>
public sealed class WatchCourseTests
{
    private const string Errors = "error_rate > 1%";
    private const string Slow = "p95 > 500ms";
    private static readonly RollbackOptions Automatic = new("definition", true, TimeSpan.FromMinutes(5));
    private static readonly RollbackOptions Asking = new("definition", false, TimeSpan.FromMinutes(5));

    [Fact]
    public void A_breach_goes_back_at_once_where_that_is_automatic()
    {
        var run = new WatchedRun(Automatic);
        Assert.Null(run.Tick(Healthy(Errors)));
        Assert.Equal(StepResult.Breached, run.Tick(Breached(Errors)));
        Assert.Empty(run.Told);
    }

    [Fact]
    public void A_breach_is_asked_about_once_watched_on_and_taken_back_when_nobody_decides()
    {
        var run = new WatchedRun(Asking);
        for (var tick = 0; tick < 60; tick++)
        {
            Assert.Null(run.Tick(Breached(Errors)));
        }

        var held = Assert.IsType<RunHeld>(Assert.Single(run.Told));
        Assert.Equal(("runs.asking", held.At.AddMinutes(5)), (held.Reason.Code, held.Until));
        Assert.Equal(StepResult.Breached, run.Tick(Breached(Errors)));
        Assert.Equal(61, run.State.Ticks.Count);
    }

    [Fact]
    public void A_breach_that_is_over_before_anybody_decided_is_told_and_the_watch_goes_on()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors));
        Assert.Null(run.Tick(Healthy(Errors)));
        Assert.Equal("steps.watch.cleared", Assert.IsType<RunContinued>(run.Told[^1]).Reason.Code);
        Assert.Null(run.State.Held);
        run.Pass(TimeSpan.FromMinutes(10));
        Assert.Null(run.Tick(Breached(Errors)));
        Assert.Equal(run.Now.AddMinutes(5), run.State.Held!.Until);
    }

    [Fact]
    public void Another_breach_and_a_gross_one_are_told_and_do_not_put_off_the_limit()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors), Healthy(Slow));
        var until = run.State.Held!.Until;
        run.Tick(Breached(Errors), Breached(Slow));
        run.Tick(Gross(Errors), Breached(Slow));
        run.Tick(Gross(Errors), Breached(Slow));
        Assert.Equal([until, until, until], run.Told.Cast<RunHeld>().Select(h => h.Until));
        run.Tick(Healthy(Errors), Breached(Slow));
        Assert.Equal(3, run.Told.Count);
    }

    [Fact]
    public void Who_says_continue_is_not_asked_again_about_the_same_breach_but_about_a_new_or_a_worse_one()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors), Healthy(Slow));
        run.Say(RunVerb.Continue);
        Assert.Null(run.Tick(Breached(Errors), Healthy(Slow)));
        Assert.Equal("steps.watch.stays", Assert.IsType<RunContinued>(run.Told[^1]).Reason.Code);
        run.Pass(TimeSpan.FromMinutes(10));
        Assert.Null(run.Tick(Breached(Errors), Healthy(Slow)));
        Assert.Null(run.State.Held);

        Assert.Null(run.Tick(Breached(Errors), Breached(Slow)));
        Assert.Equal(Slow, Assert.Single(run.State.Held!.Breaches!).Criterion);
        run.Say(RunVerb.Continue);
        run.Tick(Breached(Errors), Breached(Slow));
        Assert.Null(run.Tick(Gross(Errors), Breached(Slow)));
        Assert.True(Assert.Single(run.State.Held!.Breaches!).IsGross);
    }

    [Fact]
    public void A_breach_that_was_decided_on_and_is_over_is_asked_about_when_it_comes_back()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors));
        run.Say(RunVerb.Continue);
        run.Tick(Breached(Errors));
        run.Tick(Unknown(Errors));
        run.Tick(Breached(Errors));
        Assert.Null(run.State.Held);
        run.Tick(Healthy(Errors));
        run.Tick(Breached(Errors));
        Assert.NotNull(run.State.Held?.Until);
    }

    [Fact]
    public void A_blind_instrument_neither_answers_the_question_nor_goes_back_when_the_limit_is_over()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors));
        run.Tick(Unknown(Errors));
        Assert.Equal("runs.asking", run.State.Held!.Reason.Code);
        run.Pass(TimeSpan.FromMinutes(6));
        Assert.Null(run.Tick(Hold("error_rate"), Unknown(Errors)));
        Assert.Equal("watching.hold.error", run.State.Held!.Reason.Code);
        Assert.Equal(StepResult.Breached, run.Tick(Breached(Errors)));
    }

    [Fact]
    public void A_hold_says_why_and_goes_on_by_itself_and_a_breach_meanwhile_goes_back()
    {
        var run = new WatchedRun(Automatic);
        run.Tick(Hold("error_rate"), Unknown(Errors));
        run.Tick(Hold("error_rate"), Unknown(Errors));
        var held = Assert.IsType<RunHeld>(Assert.Single(run.Told));
        Assert.Equal(("watching.hold.error", null), (held.Reason.Code, held.Until));
        run.Tick(Healthy(Errors));
        Assert.Equal("steps.watch.sees-again", Assert.IsType<RunContinued>(run.Told[^1]).Reason.Code);
        run.Tick(Hold("error_rate"), Unknown(Errors));
        Assert.Equal(StepResult.Breached, run.Tick(Breached(Errors)));
    }

    [Fact]
    public void Who_says_continue_in_a_hold_is_not_held_again_before_data_were_there_again()
    {
        var run = new WatchedRun(Automatic);
        run.Tick(Hold("error_rate"), Unknown(Errors));
        run.Say(RunVerb.Continue);
        Assert.Null(run.Tick(Hold("error_rate", run.Start), Unknown(Errors)));
        Assert.Null(run.State.Held);
        Assert.Null(run.Tick(Hold("error_rate", run.Now), Unknown(Errors)));
        Assert.NotNull(run.State.Held);
    }

    [Fact]
    public void A_word_about_one_blind_signal_says_nothing_of_one_that_is_lost_later()
    {
        var run = new WatchedRun(Automatic);
        run.Tick(Hold("p95"), Unknown(Errors));
        run.Say(RunVerb.Continue);
        Assert.Null(run.Tick(Hold("p95"), Unknown(Errors)));
        Assert.Null(run.State.Held);
        run.Pass(TimeSpan.FromMinutes(7));
        var later = Hold("error_rate", run.Now);
        run.Tick(Hold("p95") with { Besides = [later] }, Unknown(Errors));
        Assert.Equal("error_rate", run.State.Held!.Reason.Arguments["signal"]);
        run.Say(RunVerb.Continue);
        run.Tick(Hold("p95") with { Besides = [later] }, Unknown(Errors));
        Assert.Null(run.State.Held);
    }

    [Fact]
    public void What_was_lost_before_a_word_and_was_still_waited_for_then_holds_when_its_grace_is_over()
    {
        var run = new WatchedRun(Automatic);
        run.Tick(Hold("p95"), Unknown(Errors));
        var later = Hold("error_rate", run.Now) with { From = run.Now.AddMinutes(2) };
        run.Say(RunVerb.Continue);
        run.Tick(Hold("p95"), Unknown(Errors));
        run.Pass(TimeSpan.FromMinutes(2));
        run.Tick(Hold("p95") with { Besides = [later] }, Unknown(Errors));
        Assert.Equal("error_rate", run.State.Held!.Reason.Arguments["signal"]);
    }

    [Fact]
    public void A_hold_names_every_signal_that_cannot_be_seen_and_is_told_again_when_another_joins_them()
    {
        var run = new WatchedRun(Automatic);
        run.Tick(Hold("p95"), Unknown(Errors));
        run.Tick(Hold("p95") with { Besides = [Hold("error_rate")] }, Unknown(Errors));
        run.Tick(Hold("p95") with { Besides = [Hold("error_rate")] }, Unknown(Errors));
        run.Tick(Hold("p95"), Unknown(Errors));
        Assert.Equal(2, run.Told.Count);
        var told = run.State.Held!.Reason;
        Assert.Equal(("watching.hold.several", "p95, error_rate"), (told.Code, told.Arguments["signals"]));
        run.Tick(Healthy(Errors));
        Assert.IsType<RunContinued>(run.Told[^1]);
    }

    [Fact]
    public void A_hold_whose_reason_is_a_signal_that_has_come_back_is_told_with_another_reason()
    {
        var run = new WatchedRun(Automatic);
        run.Tick(Hold("p95") with { Besides = [Hold("error_rate")] }, Unknown(Errors));
        run.Tick(Hold("error_rate"), Unknown(Errors));
        run.Tick(Hold("error_rate"), Unknown(Errors));
        Assert.Equal(2, run.Told.Count);
        var told = run.State.Held!.Reason;
        Assert.Equal(("watching.hold.error", "error_rate"), (told.Code, told.Arguments["signal"]));
    }

    [Fact]
    public void A_watch_without_criteria_says_that_nothing_was_judged()
    {
        var run = new WatchedRun(Automatic);
        Assert.Equal(StepResult.Passed, run.Tick(new WatchDone()));
        Assert.Equal("steps.watch.unjudged", run.Finding!.Code);
    }

    [Fact]
    public void A_paused_run_does_not_end_before_somebody_says_so_and_then_ends_by_its_own_judgement()
    {
        var run = new WatchedRun(Automatic);
        run.Say(RunVerb.Pause);
        Assert.Null(run.Tick(Healthy(Errors)));
        Assert.Equal("steps.watch.paused", run.State.Held!.Reason.Code);
        run.Pass(TimeSpan.FromHours(1));
        Assert.Null(run.Tick(new WatchDone(), Healthy(Errors)));
        run.Say(RunVerb.Continue);
        Assert.Null(run.Tick(new HoldWatch(Message.Of("watching.hold.too-little-seen"), run.EndsAt), Healthy(Errors)));
        Assert.Null(run.Tick(new WatchDone(), Healthy(Errors)));
        Assert.IsType<RunContinued>(run.Told[^1]);
        Assert.Equal(StepResult.Passed, run.Tick(new WatchDone(), Healthy(Errors)));
    }

    [Fact]
    public void A_breach_a_person_lives_with_is_no_success_at_the_end_unless_the_person_says_so_then()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors));
        run.Say(RunVerb.Continue);
        run.Tick(Breached(Errors));
        run.Pass(TimeSpan.FromHours(1));
        Assert.Null(run.Tick(new WatchDone(), Breached(Errors)));
        Assert.Equal("watching.hold.unhealthy-at-end", run.State.Held!.Reason.Code);
        run.Say(RunVerb.Continue);
        Assert.Equal(StepResult.Passed, run.Tick(new WatchDone(), Breached(Errors)));
    }

    [Fact]
    public void A_question_about_a_criterion_in_whose_place_another_bound_came_is_over()
    {
        var run = new WatchedRun(Asking);
        run.Tick(Breached(Errors), Healthy(Slow));
        Assert.Null(run.Tick(Healthy("error_rate > 2%"), Healthy(Slow)));
        Assert.Equal("steps.watch.replaced", Assert.IsType<RunContinued>(run.Told[^1]).Reason.Code);
        Assert.Null(run.Tick(Breached("error_rate > 2%"), Healthy(Slow)));
        Assert.Equal("error_rate > 2%", Assert.Single(run.State.Held!.Breaches!).Criterion);
    }

    [Fact]
    public void Who_only_ends_a_pause_has_not_decided_that_the_change_stays()
    {
        var run = new WatchedRun(Automatic);
        run.Say(RunVerb.Pause);
        run.Tick(Hold("error_rate"), Unknown(Errors));
        run.Say(RunVerb.Continue);
        run.Tick(Hold("error_rate", run.Start), Unknown(Errors));
        Assert.Equal("watching.hold.error", run.State.Held!.Reason.Code);
        run.Say(RunVerb.Continue);
        run.Tick(Hold("error_rate", run.Start), Unknown(Errors));
        Assert.Null(run.State.Held);
    }

    [Fact]
    public void At_its_end_the_watch_tells_how_often_it_looked_itself()
    {
        var run = new WatchedRun(Automatic);
        run.LookBefore(TimeSpan.FromSeconds(5));
        run.Tick(Healthy(Errors));
        Assert.Equal(StepResult.Passed, run.Tick(new WatchDone(), Healthy(Errors)));
        Assert.Equal(("steps.watch.done", "2"), (run.Finding!.Code, run.Finding.Arguments["ticks"]));
    }

    private static Verdict Healthy(string criterion) => Of(criterion, VerdictState.Healthy, "watching.healthy");

    private static Verdict Unknown(string criterion) => Of(criterion, VerdictState.Unknown, "watching.unknown.blind");

    private static Verdict Breached(string criterion) =>
        Of(criterion, VerdictState.Breached, "watching.breached.window");

    private static Verdict Gross(string criterion) => Of(criterion, VerdictState.Breached, "watching.breached.gross");

    private static Verdict Of(string criterion, VerdictState state, string code) =>
        new(criterion, state, Message.Of(code), 0);

    private static HoldWatch Hold(string signal, DateTimeOffset? since = null) =>
        new(Message.Of("watching.hold.error", ("signal", signal)), since ?? SampleEvents.Zero);

    /// <summary>A run under watch with a tick every five seconds.</summary>
    private sealed class WatchedRun(RollbackOptions policy)
    {
        public DateTimeOffset Start { get; } = SampleEvents.Zero;

        public DateTimeOffset Now { get; private set; } = SampleEvents.Zero;

        public DateTimeOffset EndsAt => Start.AddMinutes(30);

        public RunState State { get; private set; } =
            new StepStarted("watch", 1) { At = SampleEvents.Zero }.Apply(RunState.Empty);

        public List<RunEvent> Told { get; } = [];

        /// <summary>What was said at the end.</summary>
        public Message? Finding { get; private set; }

        public void Pass(TimeSpan time) => Now += time;

        /// <summary>A look beside the steps, so long before the watch began.</summary>
        public void LookBefore(TimeSpan time) =>
            State = new WatchTicked(false, [Sample.Of("s", Start - time, 1)], []) { At = Start - time }.Apply(State);

        public void Say(RunVerb verb) => Happen(new CommandTaken(Told.Count.ToString("d", null), verb, "lee", ""));

        public StepResult? Tick(params Verdict[] verdicts) => Tick(new ContinueWatching(), verdicts);

        public StepResult? Tick(WatchDecision decision, params Verdict[] verdicts)
        {
            Pass(TimeSpan.FromSeconds(5));
            Happen(new WatchTicked(false, [Sample.Of("s", Now, 1)], verdicts));
            var move = new WatchCourse(State, new WatchJudgement(verdicts, [], decision, EndsAt), policy, Now).Next();
            if (move.Event is { } told)
            {
                Happen(told);
                Told.Add(told with { At = Now });
            }

            Finding = move.Outcome?.Finding;
            return move.Outcome?.Result;
        }

        private void Happen(RunEvent e) => State = (e with { At = Now }).Apply(State);
    }
}
