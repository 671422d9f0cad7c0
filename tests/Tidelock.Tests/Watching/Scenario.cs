using Tidelock.Probes;
using Tidelock.Tests.House;
using Tidelock.Watching;
using YamlDotNet.RepresentationModel;

namespace Tidelock.Tests.Watching;

/// <summary>
/// A watch from a file under <c>Scenarios</c>: what it shows in a sentence, criteria, samples in a compact notation, and every
/// decision that is expected, with its time.
/// </summary>
internal sealed class Scenario
{
    private static readonly Dictionary<string, SignalUnit> Units = new(StringComparer.Ordinal)
    {
        ["error_rate"] = SignalUnit.Ratio,
        ["cache_hits"] = SignalUnit.Ratio,
        ["p95"] = SignalUnit.Seconds,
        ["connections"] = SignalUnit.Number,
        ["view_queries"] = SignalUnit.PerSecond,
        ["error_lines"] = SignalUnit.PerSecond,
        ["orders"] = SignalUnit.Unstated,
    };

    private readonly YamlMappingNode file;

    private Scenario(string name, YamlMappingNode file)
    {
        (Name, this.file) = (name, file);
        var every = TimeSpan.FromSeconds(Seconds("every") ?? 5);
        var declared = new WatchOptions(
            TimeSpan.FromSeconds(Seconds("for") ?? 1800),
            every,
            TimeSpan.FromSeconds(Seconds("grace") ?? 120),
            TimeSpan.FromMinutes(1),
            [.. Units.Select(u => Probe(u.Key, u.Value))],
            [.. List("healthy").Select(Parse)],
            [.. List("rollBackWhen").Select(Parse)]
        )
        {
            ErrorGrace = TimeSpan.FromSeconds(Seconds("errorGrace") ?? Seconds("grace") ?? 120),
        };
        Options = declared.With([
            .. Entries("measured")
                .Select(e =>
                    SignalDelay.Of(
                        Sample.Of(e.Key, Watched.Start, ScenarioText.Seconds(e.Value.ToString())),
                        declared.PaceOf(e.Key).Delay,
                        every
                    )
                ),
        ]);
        Samples =
        [
            .. Entries("samples")
                .SelectMany(signal =>
                    ((YamlSequenceNode)signal.Value)
                        .Cast<YamlMappingNode>()
                        .SelectMany(line =>
                            line.Children.SelectMany(s =>
                                ScenarioSamples.Read(
                                    signal.Key,
                                    s.Key.ToString(),
                                    s.Value.ToString(),
                                    every.TotalSeconds
                                )
                            )
                        )
                ),
        ];
        Baseline =
        [
            .. Entries("baseline")
                .SelectMany(signal =>
                    ((YamlSequenceNode)signal.Value).Select(
                        (v, i) =>
                            Sample.Of(signal.Key, Watched.At((5 * i) - 600), ScenarioText.Number(v.ToString())!.Value)
                    )
                ),
        ];
    }

    public static IReadOnlyList<Scenario> All { get; } =
    [
        .. Directory
            .EnumerateFiles(Path.Combine(Repository.Root, "tests", "Tidelock.Tests", "Watching", "Scenarios"), "*.yaml")
            .Order(StringComparer.Ordinal)
            .Select(Load),
    ];

    public string Name { get; }

    /// <summary>What it shows, in one sentence.</summary>
    public string Shows => file["shows"].ToString();

    /// <summary>When the deployment is really bad: from and to, in seconds since the start; null for never.</summary>
    public (double From, double To)? Fault =>
        Text("fault") is { } text && text.Split("..") is [var from, var to]
            ? (ScenarioText.Seconds(from), to.Length == 0 ? double.MaxValue : ScenarioText.Seconds(to))
            : null;

    public WatchOptions Options { get; }

    public IReadOnlyList<ScenarioSample> Samples { get; }

    public IReadOnlyList<Sample> Baseline { get; }

    /// <summary>What is expected: <c>TIME: DECISION</c>, one for each change of the decision.</summary>
    public IReadOnlyList<string> Expected => [.. List("expect")];

    /// <summary>When nothing ran: the machine slept, or the process was stopped.</summary>
    public (double From, double To)? Asleep =>
        Text("asleep")?.Split("..") is [var from, var to]
            ? (ScenarioText.Seconds(from), ScenarioText.Seconds(to))
            : null;

    /// <summary>When the process was started anew and read its journal.</summary>
    public double? RestartedAt => Seconds("restart");

    /// <summary>When a person said that the change stays in spite of what holds the run.</summary>
    public double? Continued => Seconds("continue");

    /// <summary>When, and by how much, a person made the watch longer.</summary>
    public (double At, double By) Extension =>
        Text("extend")?.Split(" at ") is [var by, var at]
            ? (ScenarioText.Seconds(at), ScenarioText.Seconds(by))
            : (0, 0);

    /// <summary>Whether it shows what happens to this process, by this machine or by a person, and not to the application.</summary>
    public bool IsAboutThisProcess =>
        Asleep is not null
        || RestartedAt is not null
        || Text("clock") is not null
        || Text("extend") is not null
        || Continued is not null;

    /// <summary>How long it is looked at.</summary>
    public double Until => Seconds("until") ?? Options.For.TotalSeconds + 900;

    /// <summary>What this machine's clock says at a time.</summary>
    public double Clock(double time) =>
        Text("clock")?.Split(' ') is [var way, var by, "at", var at] && time > ScenarioText.Seconds(at)
            ? time + (way is "back" ? -ScenarioText.Seconds(by) : ScenarioText.Seconds(by))
            : time;

    public override string ToString() => Name;

    private static Scenario Load(string path)
    {
        var yaml = new YamlStream();
        using var reader = File.OpenText(path);
        yaml.Load(reader);
        return new Scenario(Path.GetFileNameWithoutExtension(path), (YamlMappingNode)yaml.Documents[0].RootNode);
    }

    private static Criterion Parse(string text) =>
        CriterionParser.TryParse(text, Units, out var criterion, out var problem, out _)
            ? criterion
            : throw new FormatException(problem.ToString());

    private ScenarioProbe Probe(string signal, SignalUnit unit) =>
        new(signal, unit)
        {
            Delay = TimeSpan.FromSeconds(Of("delay", signal) ?? 0),
            Every = TimeSpan.FromSeconds(Of("apart", signal) ?? 0),
        };

    private double? Of(string key, string signal) =>
        Entries(key).FirstOrDefault(e => string.Equals(e.Key, signal, StringComparison.Ordinal)).Value is { } value
            ? ScenarioText.Seconds(value.ToString())
            : null;

    private string? Text(string key) =>
        file.Children.TryGetValue(new YamlScalarNode(key), out var v) ? v.ToString() : null;

    private double? Seconds(string key) => Text(key) is { } text ? ScenarioText.Seconds(text) : null;

    private IEnumerable<string> List(string key) =>
        file.Children.TryGetValue(new YamlScalarNode(key), out var v) ? ((YamlSequenceNode)v).Select(Line) : [];

    private static string Line(YamlNode node) =>
        node is YamlMappingNode { Children: [var only] } ? $"{only.Key}: {only.Value}" : node.ToString();

    private IEnumerable<KeyValuePair<string, YamlNode>> Entries(string key) =>
        file.Children.TryGetValue(new YamlScalarNode(key), out var v)
            ? ((YamlMappingNode)v).Children.Select(e => KeyValuePair.Create(e.Key.ToString(), e.Value))
            : [];

    private sealed record ScenarioProbe(string Signal, SignalUnit Unit) : ProbeOptions(Signal, Unit);
}
