using Tidelock.Cli.Rendering;
using Tidelock.Cli.Running;
using Tidelock.Deployments;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Demo;

/// <summary>What the demo shows, in its order.</summary>
internal sealed class DemoStory(VerbContext context)
{
    private static readonly RelationName View = new("public", "attempt");

    public async Task<ExitCode> TellAsync(CancellationToken cancellation)
    {
        var example = DemoFiles.Example();
        using var scratch = new ScratchFolder();
        Say(Message.Of("demo.server", ("results", DemoServer.Results), ("attempts", DemoServer.Results * 10)));
        await using var server = await DemoServer.StartAsync(example, cancellation);
        await using var api = await DemoApi.StartAsync(
            await DemoFiles.ApiAsync(example, cancellation),
            server.Production,
            cancellation
        );
        await using var stage = context.With(Variables(server, api, scratch.Path));
        var before = await CaptureAsync(server, cancellation);
        Say(Message.Of("demo.staging"));
        if (await DeployAsync(stage, example, "demo-staging", cancellation) is not ExitCode.Done and var staged)
        {
            return staged;
        }

        var byHand = await DemoByHand.WriteAsync(example, scratch.Path, cancellation);
        if (await ComparePlansAsync(stage, byHand, example, cancellation) is not ExitCode.Done and var unplanned)
        {
            return unplanned;
        }

        if (await GoodAsync(stage, server, example, cancellation) is not ExitCode.Done and var deployed)
        {
            return deployed;
        }

        var after = await CaptureAsync(server, cancellation);
        Say(Message.Of("demo.changed", ("differences", ClosureComparison.Differences(before, after).Count)));
        return await BadAsync(stage, server, example, after, cancellation);
    }

    /// <summary>What the same change does when it is written by hand, and what Tidelock does instead.</summary>
    private async Task<ExitCode> ComparePlansAsync(
        VerbContext stage,
        string byHand,
        string example,
        CancellationToken cancellation
    )
    {
        Say(Message.Of("demo.by-hand"));
        foreach (var (title, folder) in new[] { ("demo.by-hand.sql", byHand), ("demo.by-hand.instead", example) })
        {
            if (ChangeOptions.Request(stage, folder, "demo-production", "demo") is not { } request)
            {
                return ExitCode.Mistake;
            }

            var services = await stage.ServicesAsync(cancellation);
            var plan = await services.Deployment.PlanAsync(request, cancellation);
            if (plan.Statements.Any(s => s.TakenAlong.Count > 0) != (folder == byHand))
            {
                context.Terminal.Problem(Message.Of("demo.by-hand.not-told"));
                return ExitCode.NeedsPerson;
            }

            context.Terminal.Say(Message.Of(title));
            var screen = new PlanScreen(context.Terminal.Words);
            context.Terminal.Show([.. plan.Change.Select(screen.Difference)]);
            if (folder != byHand)
            {
                context.Terminal.Show([.. screen.Kept(plan)]);
            }
        }

        return ExitCode.Done;
    }

    /// <summary>The good change, while readers read and are timed.</summary>
    private async Task<ExitCode> GoodAsync(
        VerbContext stage,
        DemoServer server,
        string example,
        CancellationToken cancellation
    )
    {
        Say(Message.Of("demo.production"));
        await using var readers = new DemoReaders(server.Production, context.Time);
        var end = await DeployAsync(stage, example, "demo-production", cancellation);
        var (reads, median, longest, failed) = await readers.StopAsync();
        Say(Message.Of("demo.readers", ("longest", longest), ("median", median), ("reads", reads), ("failed", failed)));
        return end is ExitCode.Done && failed > 0 ? ExitCode.NeedsPerson : end;
    }

    /// <summary>The bad change: nothing before the watch can see what is wrong with it, and the watch takes it back.</summary>
    private async Task<ExitCode> BadAsync(
        VerbContext stage,
        DemoServer server,
        string example,
        RelationClosure? before,
        CancellationToken cancellation
    )
    {
        Say(Message.Of("demo.bad"));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var arriving = ArrivingAsync(stage, server, example, stop.Token);
        var end = await DeployAsync(stage, Path.Combine(example, "bad"), "demo-production", cancellation);
        await stop.CancelAsync();
        await arriving;
        if (end is not ExitCode.RolledBack)
        {
            context.Terminal.Problem(Message.Of("demo.not-caught", ("exit", (int)end)));
            return ExitCode.NeedsPerson;
        }

        return await IdenticalAsync(server, before, cancellation);
    }

    private async Task<ExitCode> IdenticalAsync(
        DemoServer server,
        RelationClosure? before,
        CancellationToken cancellation
    )
    {
        await using var session = await PostgresSession.OpenAsync(server.Production, "tidelock demo", cancellation);
        var now = (await ClosureCapture.CaptureAsync(session, View, cancellation)).ClosureOrNull;
        var differences = await ClosureComparison.DifferencesAsync(session, before, now, cancellation);
        if (differences.Count > 0)
        {
            context.Terminal.Problem(Message.Of("demo.not-identical", ("first", differences[0].Text)));
            return ExitCode.NeedsPerson;
        }

        Say(Message.Of("demo.identical", ("relation", View)));
        Say(Message.Of("demo.end"));
        return ExitCode.Done;
    }

    private static async Task<RelationClosure?> CaptureAsync(DemoServer server, CancellationToken cancellation)
    {
        await using var session = await PostgresSession.OpenAsync(server.Production, "tidelock demo", cancellation);
        return (await ClosureCapture.CaptureAsync(session, View, cancellation)).ClosureOrNull;
    }

    private static async Task<ExitCode> DeployAsync(
        VerbContext stage,
        string folder,
        string environment,
        CancellationToken cancellation
    )
    {
        if (ChangeOptions.Request(stage, folder, environment, "demo") is not { } request)
        {
            return ExitCode.Mistake;
        }

        var services = await stage.ServicesAsync(cancellation);
        await SoakedAsync(stage, services.Deployment, request, cancellation);
        return await new RunView(stage).ShowAsync(
            terminal => services.Deployment.StartAsync(request, terminal, cancellation),
            cancellation
        );
    }

    /// <summary>Staging has to soak for a second before production's gate lets the run begin.</summary>
    private static async Task SoakedAsync(
        VerbContext stage,
        Deployment deployment,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var started = stage.Time.GetTimestamp();
        while (stage.Time.GetElapsedTime(started) < TimeSpan.FromSeconds(10))
        {
            var gates = await deployment.ChecklistAsync(request, cancellation);
            if (gates.All(g => !g.Refuses))
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), stage.Time, cancellation);
        }
    }

    /// <summary>Once the bad change is being watched, the rows arrive that it cannot read.</summary>
    private async Task ArrivingAsync(
        VerbContext stage,
        DemoServer server,
        string example,
        CancellationToken cancellation
    )
    {
        try
        {
            var journal = await stage.JournalAsync(cancellation);
            var sql = await File.ReadAllTextAsync(Path.Combine(example, "bad", "arriving.sql"), cancellation);
            while (true)
            {
                var newest = (await journal.ListAsync(cancellation))[0].Run;
                var state = await RunReader.StateAsync(journal, newest, cancellation);
                if (
                    state.Started?.Folder.EndsWith("bad", StringComparison.Ordinal) == true
                    && state.Ticks.Count(t => t.Verdicts.Count > 0) >= 2
                )
                {
                    await DemoServer.ExecuteAsync(server.Production, "set search_path = public; " + sql, cancellation);
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(500), context.Time, cancellation);
            }
        }
        catch (OperationCanceledException)
        {
            // The run ended before; the demo says so.
        }
    }

    /// <summary>The demo has a journal, evidence and backups of its own; only the evidence stays.</summary>
    private Dictionary<string, string> Variables(DemoServer server, DemoApi api, string scratch) =>
        new(context.Variables, StringComparer.Ordinal)
        {
            ["DEMO_STAGING_URL"] = DemoServer.Url(server.Staging),
            ["DEMO_PRODUCTION_URL"] = DemoServer.Url(server.Production),
            ["DEMO_BACKUPS"] = Path.Combine(scratch, "backups"),
            ["API_URL"] = api.Address.ToString().TrimEnd('/'),
            [JournalPlace.Variable] = Path.Combine(scratch, "journal.db"),
        };

    private void Say(Message message)
    {
        context.Terminal.Show(Row.Gap);
        context.Terminal.Say(message);
    }
}
