using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Deployments;
using Tidelock.Evidence;
using Tidelock.Notifications;
using Tidelock.Notifications.Trials;
using Tidelock.Rollbacks;
using Tidelock.Texts;
using Tidelock.Watching;

namespace Tidelock.Cli.Verbs;

/// <summary>Shows what people would be told over each channel of a change, or tries the channels. Needs no database.</summary>
internal sealed class NotifyVerb : Verb
{
    private readonly ChangeOptions change;
    private readonly Option<bool> test;

    public NotifyVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("notify", texts.Render("cli.notify.help"), at)
    {
        change = new ChangeOptions(texts);
        change.AddTo(this);
        var preview = new Option<bool>("--preview") { Description = texts.Render("cli.notify.preview") };
        test = new Option<bool>("--test") { Description = texts.Render("cli.notify.test") };
        Add(preview);
        Add(test);
        Validators.Add(result =>
        {
            if (result.GetValue(preview) && result.GetValue(test))
            {
                result.AddError(texts.Render("cli.notify.one"));
            }
        });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        if (await change.ReadAsync(context, cancellation) is not { } request)
        {
            return EndLine.PrintMistaken(context);
        }

        var services = await context.ServicesAsync(cancellation);
        return context.Arguments.GetValue(test)
            ? await TryAsync(context, services, request, cancellation)
            : Preview(context, services, request);
    }

    private static ExitCode Preview(VerbContext context, TidelockServices services, DeploymentRequest request)
    {
        var previewed = services.NoticeTrial.Preview(
            request.Change,
            NoticeSubject.Of(request.Change, request.TargetEnvironment.Name, request.Target.ToString(), request.By),
            request.Change.Section<RollbackOptions>().Method,
            request.Change.Section<WatchOptions>().For
        );
        foreach (var channel in previewed)
        {
            foreach (var (moment, notice) in channel.Notices)
            {
                Show(context, channel, moment, notice);
            }
        }

        return previewed.Count > 0 ? ExitCode.Done : EndLine.Show(context, ExitCode.Refused, None(request));
    }

    private static void Show(VerbContext context, PreviewedChannel channel, Moment moment, PreviewedNotice notice)
    {
        var line = new NoticeLine(
            channel.Channel,
            channel.Language,
            moment,
            notice.Where,
            Secrets.OfProcess.Scrub(notice.Body)
        );
        if (context.Json)
        {
            context.Terminal.Print(line.ToJson() + "\n");
            return;
        }

        var head = $"{notice.Where}  ({context.Texts.Render(line.MomentText)}, {channel.Language})";
        context.Terminal.Show(new Row("●", channel.Channel, head));
        context.Terminal.Print(line.Body + "\n\n");
    }

    private static async Task<ExitCode> TryAsync(
        VerbContext context,
        TidelockServices services,
        DeploymentRequest request,
        CancellationToken cancellation
    )
    {
        var tried = await services.NoticeTrial.TryAsync(
            request.Change,
            NoticeSubject.Of(request.Change, request.TargetEnvironment.Name, request.Target.ToString(), request.By),
            cancellation
        );
        if (tried.Count == 0)
        {
            return EndLine.Show(context, ExitCode.Refused, None(request));
        }

        foreach (var channel in tried.Where(_ => !context.Json))
        {
            context.Terminal.Show(Tried(context, channel));
        }

        var failed = tried.Where(t => t.Delivery.Problem is not null).Select(t => t.Channel).ToList();
        return failed.Count == 0
            ? EndLine.Show(context, ExitCode.Done, Message.Of("cli.notify.tested", ("count", tried.Count)))
            : EndLine.Show(
                context,
                ExitCode.NeedsPerson,
                Message.Of("cli.notify.failed", ("channels", string.Join(", ", failed)))
            );
    }

    private static Row Tried(VerbContext context, TriedChannel tried) =>
        tried switch
        {
            { Delivery.Problem: { } problem } => new Row("✗", tried.Channel, context.Texts.Render(problem), Tone.Bad),
            { Answer.Passed: true } => new Row(
                "✓",
                tried.Channel,
                context.Texts.Render(tried.Answer.Finding),
                Tone.Good
            ),
            { Delivery.IsNothing: true } => new Row("·", tried.Channel, context.Texts.Render(tried.Answer.Finding)),
            _ => new Row("✓", tried.Channel, context.Texts.Render("cli.notify.sent"), Tone.Good),
        };

    private static Message None(DeploymentRequest request) =>
        Message.Of("cli.notify.none", ("change", request.Change.Name), ("environment", request.TargetEnvironment.Name));
}
