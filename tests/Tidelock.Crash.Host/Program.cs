using System.Threading.Channels;
using Tidelock;
using Tidelock.Crash.Host;
using Tidelock.Deployments;
using Tidelock.Postgres;
using Tidelock.Runs;

// VERB FOLDER JOURNAL [RUN [METHOD]], with DATABASE_URL: the library's whole way in a process of its own that can be killed.
var variables = new[] { "DATABASE_URL", "SLACK_BOT_TOKEN", "PAGERDUTY_ROUTING_KEY" }
    .Where(n => Environment.GetEnvironmentVariable(n) is not null)
    .ToDictionary(n => n, n => Environment.GetEnvironmentVariable(n)!, StringComparer.Ordinal);
var change = TidelockServices.ChangeLoader.Load(args[1], "production", variables).Change!;
var place = change.Environments.Single(e => e.Name == "production");
var request = new DeploymentRequest(change, place, PostgresTarget.Parse(place.Database, variables), "kim");
var onlooker = new Onlooker();
var terminal = new DeploymentTerminal(onlooker, onlooker, Channel.CreateUnbounded<RunRequest>());
try
{
    var settings = new TidelockSettings(args[2], TimeProvider.System) { Decorate = KillingJournal.Around };
    await using var services = await TidelockServices.OpenAsync(settings, default);
    if (args[0] == "rehearse")
    {
        var (record, refusal) = await services.Rehearsing.RehearseAsync(
            request,
            null,
            _ => { },
            p => Console.WriteLine($"{p.Part} {p.Passed}"),
            default
        );
        Console.WriteLine((refusal ?? record!.Summary).ToString());
        return record is { Passed: true } ? 0 : (int)ExitCode.Refused;
    }

    var run = new RunId(args.ElementAtOrDefault(3) ?? "");
    var end = args[0] switch
    {
        "deploy" => await services.Deployment.StartAsync(request, terminal, default),
        "resume" => await services.Deployment.ResumeAsync(run, request, takeOver: false, terminal, default),
        "take-over" => await services.Deployment.ResumeAsync(run, request, takeOver: true, terminal, default),
        "rollback" => await services.Deployment.RollBackAsync(run, request, args[4], terminal, default),
        _ => throw new ArgumentException(args[0]),
    };
    Console.WriteLine($"{end.ExitCode}: {end.Finding}");
    return (int)end.ExitCode;
}
catch (TidelockException e)
{
    Console.WriteLine($"{e.Problem.Code}: {e.Problem}");
    return (int)e.ExitCode;
}
