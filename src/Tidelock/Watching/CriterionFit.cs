using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Finds, when a change is read, the criteria that could never be judged in its watch.</summary>
/// <param name="Problem">What is wrong, with the mend.</param>
/// <param name="Column">Where in the criterion's text, from 1.</param>
public sealed record CriterionFit(Message Problem, int Column)
{
    /// <summary>Why a criterion can never be judged in this watch; null when it can.</summary>
    public static CriterionFit? Unsuited(Criterion criterion, WatchOptions options) =>
        (criterion.For is { } window ? Window(criterion, window, options) : null) ?? Baseline(criterion, options);

    /// <summary>Why a criterion of the watch's own signals would look at nothing; null where what it names is declared.</summary>
    internal static CriterionFit? Undeclared(Criterion criterion, DownstreamChecks downstream, Contract contract) =>
        criterion.Signals.Intersect(Undeclared(downstream, contract), StringComparer.Ordinal).FirstOrDefault()
            is { } signal
            ? new CriterionFit(
                Message.Of("watching.nothing-declared", ("criterion", criterion.Text), ("section", signal)),
                criterion.Text.IndexOf(signal, StringComparison.Ordinal) + 1
            )
            : null;

    /// <summary>The signals of the watch itself for which there is nothing to look at.</summary>
    internal static IEnumerable<string> Undeclared(DownstreamChecks downstream, Contract contract)
    {
        if (downstream.Checks.Count == 0)
        {
            yield return BuiltInSignals.Downstream;
        }

        if (contract.Relation is null)
        {
            yield return BuiltInSignals.Contract;
        }
    }

    private static CriterionFit? Window(Criterion criterion, TimeSpan window, WatchOptions options)
    {
        var column = criterion.Text.LastIndexOf(" for ", StringComparison.Ordinal) + 2;
        return window > options.For
                ? new CriterionFit(
                    Message.Of(
                        "watching.window-too-long",
                        ("criterion", criterion.Text),
                        ("window", window),
                        ("watch", options.For)
                    ),
                    column
                )
            : criterion.Signals.Select(s => Window(criterion, s, window, options)).FirstOrDefault(m => m is not null)
                is { } problem
                ? new CriterionFit(problem, column)
            : null;
    }

    private static Message? Window(Criterion criterion, string signal, TimeSpan window, WatchOptions options)
    {
        var pace = options.PaceOf(signal);
        var least = pace.Every * WatchRules.MinimumSamples;
        return window < least
                ? Message.Of(
                    "watching.window-too-short",
                    ("criterion", criterion.Text),
                    ("window", window),
                    ("every", pace.Every),
                    ("least", least)
                )
            : window < pace.Delay
                ? Message.Of(
                    "watching.window-behind-data",
                    ("criterion", criterion.Text),
                    ("window", window),
                    ("signal", signal),
                    ("delay", pace.Delay)
                )
            : null;
    }

    private static CriterionFit? Baseline(Criterion criterion, WatchOptions options) =>
        criterion
            .BaselineSignals.Select(s => (Signal: s, Least: options.PaceOf(s).Every * WatchRules.MinimumSamples))
            .Where(s => options.BaselineFor < s.Least)
            .Select(s => new CriterionFit(
                Message.Of(
                    "watching.baseline-too-short",
                    ("criterion", criterion.Text),
                    ("signal", s.Signal),
                    ("baseline", options.BaselineFor),
                    ("least", s.Least)
                ),
                criterion.Text.IndexOf("baseline", StringComparison.Ordinal) + 1
            ))
            .FirstOrDefault();
}
