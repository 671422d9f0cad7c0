using Tidelock.Probes;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>Runs a scenario tick by tick, as a watch does.</summary>
internal sealed class ScenarioRun(Scenario scenario)
{
    private readonly List<Sample> journal = [];
    private WatchRecord record = new(scenario.Options, scenario.Baseline, Watched.Start);

    /// <summary>Every change of the decision: <c>TIME: DECISION</c>; it ends with a rollback or with the end of the watch.</summary>
    public IReadOnlyList<(double At, string Decision)> Decisions()
    {
        var decisions = new List<(double, string)>();
        var read = double.NegativeInfinity;
        var every = scenario.Options.Every.TotalSeconds;
        for (var t = 0.0; t <= scenario.Until; t += every)
        {
            if (scenario.Asleep is { } asleep && t > asleep.From && t < asleep.To)
            {
                continue;
            }

            Read(read, t);
            read = t;
            var decision = Judge(t);
            if (decisions.Count == 0 || !string.Equals(decisions[^1].Item2, decision, StringComparison.Ordinal))
            {
                decisions.Add((t, decision));
            }

            if (decision.StartsWith("roll back", StringComparison.Ordinal) || decision is "done")
            {
                break;
            }
        }

        return decisions;
    }

    private void Read(double after, double now)
    {
        var asleep = scenario.Asleep;
        var samples = scenario
            .Samples.Where(s => s.ReadAt > after && s.ReadAt <= now)
            .Where(s => asleep is not { } a || s.ReadAt <= a.From || s.ReadAt >= a.To)
            .Select(s => s.Yielded(Watched.At(scenario.Clock(s.At))))
            .ToList();
        journal.AddRange(samples);
        if (scenario.RestartedAt is { } restart && after < restart && restart <= now)
        {
            record = new WatchRecord(scenario.Options, scenario.Baseline, Watched.Start);
            record.Add(journal);
        }
        else
        {
            record.Add(samples);
        }
    }

    private string Judge(double now)
    {
        var (at, by) = scenario.Extension;
        var extended = now >= at ? TimeSpan.FromSeconds(by) : TimeSpan.Zero;
        return WatchJudge.Judge(record.At(Watched.At(scenario.Clock(now))), extended).Decision switch
        {
            RollBack back => $"roll back, {Word(back.Verdict.Reason)}",
            HoldWatch hold when scenario.Continued is { } word && now > word && hold.After(Watched.At(word)) is [] =>
                "continue",
            HoldWatch hold => $"hold, {Word(hold.Reason)}",
            WatchDone => "done",
            _ => "continue",
        };
    }

    private static string Word(Message reason) =>
        reason.Parts?.GetValueOrDefault("finding") is { } finding ? Word(finding) : reason.Code.Split('.')[^1];
}
