using Tidelock.Evidence;

namespace Tidelock.Cli.Rendering;

/// <summary>The last lines of a run that stopped, after what happened: what is safe now, what to type next, whom to call.</summary>
internal sealed class StopRows(ReportWords words)
{
    private const string Under = " ";

    public IReadOnlyList<Row> Rows(StopAdvice advice) =>
        [
            new(" ", words.Say("cli.stop.safe"), words.Say(advice.Safe)),
            .. advice.Next.Select(
                (n, i) =>
                    new Row(" ", i == 0 ? words.Say("cli.stop.next") : Under, $"{words.Say(n.For)}\n    {n.Command}")
            ),
            .. advice.Contacts.Select(
                (c, i) => new Row(" ", i == 0 ? words.Say("cli.stop.call") : Under, $"{c.Key}: {c.Value}")
            ),
        ];
}
