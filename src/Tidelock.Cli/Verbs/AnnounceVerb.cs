using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Gates;
using Tidelock.Notifications;
using Tidelock.Notifications.Announcements;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Tells the team over the change's channels when it will start. Needs no database.</summary>
internal sealed class AnnounceVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly AtOptions at;

    public AnnounceVerb(TextCatalog texts, Func<ParseResult, VerbContext> context)
        : base("announce", texts.Render("cli.announce.help"), context)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        at = new AtOptions(texts);
        at.AddTo(this);
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } read)
        {
            return EndLine.PrintMistaken(context);
        }

        var request = at.Read(context, read);
        if (request.Appointment is not { } appointment)
        {
            return EndLine.Show(context, ExitCode.Mistake, Message.Of("cli.announce.when"));
        }

        var services = await context.ServicesAsync(cancellation);
        var told = await services.Announcer.AnnounceAsync(
            request.Change,
            NoticeSubject.Of(request.Change, request.TargetEnvironment.Name, request.Target.ToString(), request.By),
            appointment.StartsAt,
            cancellation
        );
        await at.KeepAsync(context, request, Appointment.UsuallyPrepares, cancellation);
        return Told(context, request, appointment, told);
    }

    private static ExitCode Told(
        VerbContext context,
        DeploymentRequest request,
        Appointment appointment,
        IReadOnlyList<AnnouncedChannel> told
    )
    {
        foreach (var channel in told.Where(_ => !context.Json))
        {
            context.Terminal.Show(
                channel.Delivery.Problem is { } problem
                    ? new Row("✗", channel.Channel, context.Texts.Render(problem), Tone.Bad)
                    : new Row("✓", channel.Channel, context.Texts.Render("cli.announce.told"), Tone.Good)
            );
        }

        var reached = string.Join(", ", told.Where(t => t.IsTold).Select(t => t.Channel));
        if (reached.Length == 0)
        {
            return EndLine.Show(
                context,
                told.Count == 0 ? ExitCode.Refused : ExitCode.NeedsPerson,
                Message.Of(
                    told.Count == 0 ? "cli.announce.no-channel" : "cli.announce.failed",
                    ("change", request.Change.Name),
                    ("environment", request.TargetEnvironment.Name)
                )
            );
        }

        Warn(context, request, appointment);
        return EndLine.Show(
            context,
            ExitCode.Done,
            Message.Of("cli.announce.done", ("channels", reached), ("at", appointment.Shown))
        );
    }

    /// <summary>A notice that comes too late for its own time makes the run wait.</summary>
    private static void Warn(VerbContext context, DeploymentRequest request, Appointment appointment)
    {
        var before = request.Change.Section<GateOptions>().Announcement.Before;
        if (appointment.StartsAt - context.Time.GetUtcNow() < before && !context.Json)
        {
            context.Terminal.Problem(Message.Of("cli.announce.late", ("before", before)));
        }
    }
}
