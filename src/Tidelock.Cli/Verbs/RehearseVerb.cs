using System.CommandLine;
using System.Runtime.InteropServices;
using Tidelock.Backups;
using Tidelock.Cli.Rendering;
using Tidelock.Cli.Running;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Restores a backup into a throwaway server and goes the whole way of the change on its data; changes nothing in the database.</summary>
internal sealed class RehearseVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly Option<string?> file;

    public RehearseVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("rehearse", texts.Render("cli.rehearse.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        Add(file = new("--file") { Description = texts.Render("cli.rehearse.file"), HelpName = "DUMP" });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        using var stop = new StopSignals([PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP], cancellation);
        try
        {
            return await RehearseAsync(context, request, stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return EndLine.Show(context, ExitCode.Refused, Message.Of("cli.rehearse.stopped"));
        }
    }

    private async Task<ExitCode> RehearseAsync(
        VerbContext context,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var services = await context.ServicesAsync(cancellation);
        var screen = new RehearsalScreen(context.Terminal, isSilent: context.Json);
        var (record, refusal) = await services.Rehearsing.RehearseAsync(
            request,
            context.Arguments.GetValue(file) ?? Named(request),
            screen.Report,
            screen.Over,
            cancellation
        );
        screen.Clear();
        if (record is null)
        {
            return EndLine.Show(context, ExitCode.Refused, refusal!);
        }

        if (context.Json)
        {
            context.Terminal.Print(RehearsalLine.Of(request, record, context.Texts).ToJson() + "\n");
        }
        else
        {
            screen.End(request, record, request.Change.Section<GateOptions>().Backup);
        }

        return record.Passed ? ExitCode.Done : ExitCode.Refused;
    }

    /// <summary>The dump that the change names itself.</summary>
    private static string? Named(DeploymentRequest request) =>
        request.Change.Section<GateOptions>().Backup is { By: BackupSource.File, File: { } named }
            ? Path.GetFullPath(named, request.Change.Folder)
            : null;
}
