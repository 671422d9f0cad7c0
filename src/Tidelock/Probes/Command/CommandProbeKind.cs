using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Probes.Command;

/// <summary>Reads <c>{ command: [PROGRAM, ARGUMENT, …] }</c>.</summary>
internal sealed class CommandProbeKind : IProbeKind
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(5);

    public string Key => "command";

    public string SchemaFragment => SchemaFragments.Beside<CommandProbeKind>("command-probe");

    public ProbeOptions? Read(string signal, ChangeNode probe, ChangeNode watch)
    {
        probe.Only("command", "within", "unit");
        var words = probe["command"].Items.Select(w => w.Text()).ToList();
        if (probe["command"].IsList && words.Count == 0)
        {
            probe["command"].Mistake(Message.Of("probes.command.empty"));
        }

        var within = probe["within"].Duration(TimeSpan.Zero, Least, Most);
        RefuseLongerThanTick(probe["within"], within, watch["every"]);
        var unit = SignalUnits.Read(probe["unit"], SignalUnit.Unstated);
        return words.Count == 0 || words.Contains("", StringComparer.Ordinal)
            ? null
            : new CommandProbeOptions(
                signal,
                unit,
                words,
                probe.Context.Files.Folder,
                within > TimeSpan.Zero ? within : null
            );
    }

    /// <summary>The tick would cut it off. What is wrong with the tick itself is said where that is read.</summary>
    private static void RefuseLongerThanTick(ChangeNode node, TimeSpan within, ChangeNode every)
    {
        var most = ProbeContext.TimeoutOf(DurationText.TryParse(every.Scalar?.Text ?? "") ?? ProbeContext.UsualEvery);
        if (within > most)
        {
            node.Mistake(Message.Of("probes.command.within", ("within", within), ("most", most)));
        }
    }

    public IEnumerable<IProbe> Create(IReadOnlyList<ProbeOptions> declared, ProbeContext context) =>
        declared.OfType<CommandProbeOptions>().Select(o => new CommandProbe(o, context));
}
