using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Every way back of a run with what it costs now.</summary>
internal sealed class WaysBack(
    VerbContext context,
    IReadOnlyList<(string Name, RollbackAssessment Cost)> ways,
    Message? later
)
{
    public static async Task<WaysBack> AssessAsync(
        VerbContext context,
        TidelockServices services,
        RunId run,
        RunState state,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var failover = await Failover.FindAsync(request.Target, "tidelock", state, null, cancellation);
        state = failover is null ? state : failover.Apply(state);
        var looking = new StepContext(
            "rollback.revert",
            run,
            request.Change,
            request.TargetEnvironment,
            request.Target,
            context.Time,
            new ReadOnlyRun(state),
            new JsonScreen(context.Terminal)
        );
        var ways = new List<(string, RollbackAssessment)>();
        foreach (var method in services.Rollbacks)
        {
            ways.Add((method.Name, await RollbackAssessment.OfAsync(method, looking, cancellation)));
        }

        return new WaysBack(context, ways, await RunLater.LookAsync(looking, cancellation));
    }

    public void Show()
    {
        var words = context.Terminal.Words;
        context.Terminal.Say(Message.Of("cli.rollback.ways"));
        context.Terminal.Show([
            .. ways.Select(w => new Row(
                w.Cost.Usable ? "✓" : "✗",
                w.Name,
                words.Say(w.Cost.Cost),
                !w.Cost.Usable ? Tone.Bad
                    : w.Cost.LosesWrites ? Tone.Warn
                    : Tone.Good
            )),
        ]);
        Warn();
        context.Terminal.Problem(Message.Of("cli.rollback.choose"));
    }

    /// <summary>Says what others did since the change was verified, which every way back meets.</summary>
    public void Warn()
    {
        if (later is not null)
        {
            context.Terminal.Problem(later);
        }
    }

    /// <summary>The way that was chosen.</summary>
    /// <exception cref="TidelockException">There is none of that name, or it cannot be used now.</exception>
    public RollbackAssessment Require(string method)
    {
        foreach (var (name, cost) in ways)
        {
            if (string.Equals(name, method, StringComparison.Ordinal))
            {
                return cost.Usable ? cost : throw new TidelockException(cost.Cost, ExitCode.Refused);
            }
        }

        throw new TidelockException(
            Message.Of(
                "cli.rollback.unknown",
                ("method", method),
                ("methods", string.Join(", ", ways.Select(w => w.Name)))
            ),
            ExitCode.Mistake
        );
    }

    /// <summary>A run that is looked at and never written to.</summary>
    private sealed class ReadOnlyRun(RunState state) : IRunWriter
    {
        public RunState State => state;

        public Task AppendAsync(RunEvent e, CancellationToken cancellation) =>
            throw new InvalidOperationException("Looking at a way back writes nothing.");
    }
}
