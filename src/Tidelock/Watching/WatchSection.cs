using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Reads <c>watch:</c>.</summary>
/// <param name="kinds">The kinds of probes there are.</param>
internal sealed partial class WatchSection(IReadOnlyList<IProbeKind> kinds) : IChangeSection
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan UsualGrace = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan LongestGrace = TimeSpan.FromHours(1);
    private static readonly TimeSpan UsualBaseline = TimeSpan.FromMinutes(1);

    /// <summary>Words of the criterion language, which cannot be signals.</summary>
    private static readonly string[] Reserved =
    [
        "downstream",
        "contract",
        "baseline",
        "within",
        "of",
        "for",
        "fails",
        "broken",
        "and",
        "or",
        "per",
        "gross",
    ];

    /// <summary>What takes a change back when its author says nothing else.</summary>
    private static readonly string[] DefaultRollBackWhen = ["downstream fails", "contract broken"];

    public string Key => "watch";

    public string SchemaFragment =>
        SchemaFragments
            .Beside<WatchSection>("watch")
            .Replace("\"PROBE KINDS\"", string.Join(",", kinds.Select(k => k.SchemaFragment)), StringComparison.Ordinal)
            .Replace(
                "\"SHARED BY PROBES\": true,",
                string.Concat(Sharing.Select(k => $"\"{k.Key}\": {k.SharedSchema},")),
                StringComparison.Ordinal
            );

    /// <summary>The kinds whose probes have settings in common.</summary>
    private IEnumerable<IProbeKind> Sharing => kinds.Where(k => k.SharedSchema is not null);

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (node.Exists)
        {
            node.Only([
                "for",
                "every",
                "grace",
                "baseline",
                "probes",
                "healthy",
                "rollBackWhen",
                .. Sharing.Select(k => k.Key),
            ]);
        }

        var probes = ReadProbes(node);
        var signals = probes.ToDictionary(p => p.Signal, p => p.Unit, StringComparer.Ordinal);
        var every = node["every"].Duration(ProbeContext.UsualEvery, Least, TimeSpan.FromMinutes(10));
        var grace = ReadGrace(node["grace"]);
        var options = new WatchOptions(
            node["for"].Duration(TimeSpan.FromMinutes(30), Least, WatchRules.Longest),
            every,
            grace.NoData,
            node["baseline"]
                .Duration(every * 3 > UsualBaseline ? every * 3 : UsualBaseline, Least, TimeSpan.FromHours(24)),
            [.. probes.Where(p => p.Options is not null).Select(p => p.Options!)],
            ReadCriteria(node["healthy"], signals),
            node["rollBackWhen"].Exists
                ? ReadCriteria(node["rollBackWhen"], signals)
                : [.. DefaultRollBackWhen.Select(text => Parse(text, signals)).Where(c => IsDeclared(c, earlier))]
        )
        {
            ErrorGrace = grace.Error,
        };
        if (options.Every > options.For)
        {
            node.Mistake(Message.Of("watching.every-too-long", ("every", options.Every), ("for", options.For)));
        }

        RefuseUnsuited(node["healthy"], options.Healthy, options, earlier);
        RefuseUnsuited(node["rollBackWhen"], options.RollBackWhen, options, earlier);
        return options;
    }

    /// <summary>One duration for both timers, or one for each.</summary>
    private static (TimeSpan NoData, TimeSpan Error) ReadGrace(ChangeNode node)
    {
        if (!node.IsMapping)
        {
            var both = node.Duration(UsualGrace, Least, LongestGrace);
            return (both, both);
        }

        node.Only("noData", "error");
        return (
            node["noData"].Duration(UsualGrace, Least, LongestGrace),
            node["error"].Duration(UsualGrace, Least, LongestGrace)
        );
    }

    private static bool IsDeclared(Criterion criterion, SectionReadings earlier) =>
        Undeclared(criterion, earlier) is null;

    private static CriterionFit? Undeclared(Criterion criterion, SectionReadings earlier) =>
        CriterionFit.Undeclared(criterion, earlier.Get<DownstreamChecks>(), earlier.Get<Contract>());

    private static void RefuseUnsuited(
        ChangeNode node,
        IReadOnlyList<Criterion> criteria,
        WatchOptions options,
        SectionReadings earlier
    )
    {
        foreach (var criterion in criteria)
        {
            var unsuited = Undeclared(criterion, earlier) ?? CriterionFit.Unsuited(criterion, options);
            if (unsuited is not null)
            {
                node.Items.First(i => string.Equals(i.Text(), criterion.Text, StringComparison.Ordinal))
                    .Mistake(unsuited.Problem, unsuited.Column);
            }
        }
    }

    private List<(string Signal, SignalUnit Unit, ProbeOptions? Options)> ReadProbes(ChangeNode watch)
    {
        var probes = new List<(string, SignalUnit, ProbeOptions?)>();
        foreach (var kind in Sharing.Where(k => watch[k.Key].Exists))
        {
            kind.ReadShared(watch[kind.Key]);
        }

        foreach (var (signal, probe) in watch["probes"].Entries)
        {
            if (!SignalForm().IsMatch(signal) || Reserved.Contains(signal, StringComparer.Ordinal))
            {
                watch["probes"].MistakeAtKey(signal, Message.Of("watching.signal.form", ("signal", signal)));
            }

            // A probe with a mistake still names a signal: its criteria are not to be called unknown as well.
            var options = ReadProbe(signal, probe, watch);
            probes.Add((signal, options?.Unit ?? SignalUnit.Unstated, options));
        }

        return probes;
    }

    private ProbeOptions? ReadProbe(string signal, ChangeNode probe, ChangeNode watch)
    {
        if (!probe.IsMapping)
        {
            probe.Only();
            return null;
        }

        var given = kinds.Where(k => probe[k.Key].Exists).ToList();
        if (given.Count == 1)
        {
            return given[0].Read(signal, probe, watch);
        }

        probe.Mistake(
            Message.Of(
                "watching.probe.one-kind",
                ("signal", signal),
                ("known", string.Join(", ", kinds.Select(k => k.Key)))
            )
        );
        return null;
    }

    private static IReadOnlyList<Criterion> ReadCriteria(
        ChangeNode node,
        IReadOnlyDictionary<string, SignalUnit> signals
    )
    {
        var criteria = new List<Criterion>();
        foreach (var item in node.Items)
        {
            var text = item.Text();
            if (text.Length == 0)
            {
                continue;
            }

            if (CriterionParser.TryParse(text, signals, out var criterion, out var problem, out var column))
            {
                criteria.Add(criterion);
            }
            else
            {
                item.Mistake(problem, column);
            }
        }

        return criteria;
    }

    private static Criterion Parse(string text, IReadOnlyDictionary<string, SignalUnit> signals) =>
        CriterionParser.TryParse(text, signals, out var criterion, out var problem, out _)
            ? criterion
            : throw new TidelockException(problem, ExitCode.NeedsPerson);

    [GeneratedRegex("^[a-z][a-z0-9_]*$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SignalForm();
}
