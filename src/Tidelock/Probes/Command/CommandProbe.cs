using System.Globalization;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Probes.Command;

/// <summary>
/// Runs a program once per tick and takes the number it prints. It has the run's database in the PG* variables, and whatever else this
/// process has in its environment. What it does may not bear repeating, so it has no second try.
/// </summary>
internal sealed class CommandProbe(CommandProbeOptions options, ProbeContext context) : IProbe
{
    private const int LongestOutput = 4096;
    private const int LongestShown = 60;

    /// <summary>Less than the patience of a tick, so that one that will not end holds nobody up.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromMilliseconds(300);

    public IReadOnlyList<string> Signals => [options.Signal];

    public async Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation)
    {
        var within = options.Within ?? context.Timeout;
        using var deadline = new CancellationTokenSource(within, context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        var (output, errors) = (new BoundedText(LongestOutput), new BoundedText(LongestOutput));
        try
        {
            var exit = await Program.RunAsync(output.FillAsync, errors.FillAsync, either.Token).ConfigureAwait(false);
            return [exit == 0 ? Number(output) : Failed(exit, output, errors)];
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            return [Error(Message.Of("probes.too-late", ("timeout", within)))];
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private ChildProgram Program =>
        new(
            options.Command[0],
            [.. options.Command.Skip(1)],
            context.Target.LibpqEnvironment(context.ApplicationName),
            options.Folder
        )
        {
            Grace = Grace,
        };

    private Sample Number(BoundedText output)
    {
        var text = output.Text.Trim();
        return text.Length == 0
                ? Sample.NoData(options.Signal, context.Time.GetUtcNow(), Message.Of("probes.command.nothing"))
            : !output.IsCut && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
                ? Sample.Of(options.Signal, context.Time.GetUtcNow(), number)
            : Error(Message.Of("probes.command.not-a-number", ("output", Short(text))));
    }

    private Sample Failed(int exit, BoundedText output, BoundedText errors)
    {
        var words = errors.Text.Trim() is { Length: > 0 } said ? said : output.Text.Trim();
        return Error(Message.Of("probes.command.failed", ("exit", exit), ("words", words)));
    }

    private Sample Error(Message what) => Sample.Error(options.Signal, context.Time.GetUtcNow(), what);

    private static string Short(string text) =>
        text.ReplaceLineEndings(" ") is { Length: > LongestShown } line
            ? line[..LongestShown] + "…"
            : text.ReplaceLineEndings(" ");
}
