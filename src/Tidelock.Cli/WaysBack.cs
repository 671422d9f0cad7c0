using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Rollbacks;
using Tidelock.Rollbacks.Beside;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Every way back of a run with what it costs now, the best first.</summary>
internal sealed class WaysBack(
    VerbContext context,
    IReadOnlyList<(string Name, RollbackAssessment Cost)> ways,
    Message? later,
    Message? closed
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
        var (failover, closed) = await LookAsync(run, state, request, cancellation);
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

        var ranked = RollbackRanking.Rank(ways, state.Started!.Method);
        var later = closed is null ? await RunLater.LookAsync(looking, cancellation) : null;
        return new WaysBack(context, ranked, later, closed);
    }

    /// <summary>Whether a standby was promoted meanwhile; or that nobody gets into the database, which a swap has closed.</summary>
    private static async Task<(ServerFailedOver? Failover, Message? Closed)> LookAsync(
        RunId run,
        RunState state,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        if (ClosedName.Of(run, state, request.Target, request.TargetEnvironment) is { } closed)
        {
            return (null, closed);
        }

        try
        {
            return (await Failover.FindAsync(request.Target, "tidelock", state, null, cancellation), null);
        }
        catch (TidelockException e)
            when (ClosedName.Of(e, run, state, request.Target, request.TargetEnvironment) is { } left)
        {
            return (null, left);
        }
    }

    public void Show()
    {
        context.Terminal.Say(Message.Of("cli.rollback.ways"));
        context.Terminal.Show([.. new WayRows(context.Terminal.Words).Rows([.. ways.Where(IsShown)])]);
        Warn();
        context.Terminal.Problem(Message.Of("cli.rollback.choose"));
    }

    /// <summary>Says what a way costs, before anybody agrees to it.</summary>
    public void Show(string method, RollbackAssessment cost) =>
        context.Terminal.Show(new WayRows(context.Terminal.Words).Row(method, cost, number: null));

    /// <summary>There is nothing to undo in most runs, and then nobody needs to read of it.</summary>
    private static bool IsShown((string Name, RollbackAssessment Cost) way) =>
        way.Cost.Usable || way.Name is not RollbackWay.Undo;

    /// <summary>Says what others did since the change was verified, which every way back meets, and that a swap was cut off.</summary>
    public void Warn()
    {
        foreach (var said in new[] { later, closed }.OfType<Message>())
        {
            context.Terminal.Problem(said);
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
                return cost.Usable ? cost : throw new TidelockException(closed ?? cost.Cost, ExitCode.Refused);
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
