using System.CommandLine;
using Tidelock.Calendars;
using Tidelock.Deployments;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A start that is planned: the words that plan, announce and deploy share.</summary>
internal sealed class AtOptions(TextCatalog texts)
{
    private readonly Option<string?> at = new("--at")
    {
        Description = texts.Render("cli.option.at"),
        HelpName = "TIME",
    };

    private readonly Option<string?> zone = new("--zone")
    {
        Description = texts.Render("cli.option.zone"),
        HelpName = "ZONE",
    };

    private readonly Option<string?> calendar = new("--ics")
    {
        Description = texts.Render("cli.option.ics"),
        HelpName = "FILE",
    };

    public void AddTo(Command command)
    {
        command.Add(at);
        command.Add(zone);
        command.Add(calendar);
        Need(command, zone);
        Need(command, calendar);
    }

    /// <summary>Makes an option one that only goes with a planned start.</summary>
    public void Need(Command command, Option<string?> option) =>
        command.Validators.Add(result =>
        {
            if (result.GetValue(option) is not null && result.GetValue(at) is null)
            {
                result.AddError(texts.Render("cli.option.needs-at", ("option", option.Name)));
            }
        });

    /// <summary>
    /// The request with the start that was named, and as it is where none was. By the clock of the zone named, else of the change's window, else
    /// of this machine.
    /// </summary>
    /// <exception cref="TidelockException">It is no time, is over, or there is no such zone.</exception>
    public DeploymentRequest Read(VerbContext context, DeploymentRequest request)
    {
        if (context.Arguments.GetValue(at) is not { } text)
        {
            return request;
        }

        var start = StartTime.Parse(text, Zone(context, request), context.Time.GetUtcNow());
        if (start.Note is { } note && !context.Json)
        {
            context.Terminal.Say(note);
        }

        return request with
        {
            Appointment = new Appointment(start.At, start.Zone.Name),
        };
    }

    /// <summary>Writes the calendar file that was asked for.</summary>
    /// <exception cref="TidelockException">It cannot be written.</exception>
    public async Task KeepAsync(
        VerbContext context,
        DeploymentRequest request,
        TimeSpan prepares,
        CancellationToken cancellation
    )
    {
        if (context.Arguments.GetValue(calendar) is not { } file)
        {
            return;
        }

        var text = new PlanCalendar(context.Texts).Text(request, prepares, context.Time.GetUtcNow());
        await OutputFile.WriteAsync(file, text, cancellation);
        if (!context.Json)
        {
            context.Terminal.Say(Message.Of("cli.ics.written", ("file", file)));
        }
    }

    private ZoneTime Zone(VerbContext context, DeploymentRequest request)
    {
        if (context.Arguments.GetValue(zone) is { } named)
        {
            return ZoneTime.Find(named)
                ?? throw new TidelockException(Message.Of("calendars.at.zone", ("zone", named)), ExitCode.Mistake);
        }

        var window = request.Change.Section<GateOptions>().Window;
        return window.Level != GateLevel.Off ? window.Window.Zone : ZoneTime.OfMachine(context.Time);
    }
}
