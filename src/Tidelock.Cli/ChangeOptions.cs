using System.CommandLine;
using Tidelock.Changes;
using Tidelock.Deployments;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>Which change, where, and who asks: the words that check, plan, deploy, approve and verify share.</summary>
internal sealed class ChangeOptions(TextCatalog texts)
{
    public Argument<string> Change { get; } =
        new Argument<string>("CHANGE")
        {
            Description = texts.Render("cli.argument.change"),
            DefaultValueFactory = _ => ".",
        }.WithoutOptions(texts);

    public Option<string?> Environment { get; } =
        new("--env") { Description = texts.Render("cli.option.env"), HelpName = "NAME" };

    public Option<string?> By { get; } = Person.Make(texts);

    public void AddTo(Command command)
    {
        command.Add(Change);
        command.Add(Environment);
        command.Add(By);
    }

    /// <summary>The change for its environment, its database and the person; null after its mistakes were shown.</summary>
    public async Task<DeploymentRequest?> ReadAsync(VerbContext context, CancellationToken cancellation)
    {
        var path = context.Arguments.GetRequiredValue(Change);
        if (Load(context, path, null) is not { } change)
        {
            return null;
        }

        var named = Named(change, context.Arguments.GetValue(Environment));
        var by = await Person.OfAsync(context.Arguments.GetValue(By), context.Variables, cancellation);
        return Request(context, path, named, by);
    }

    /// <summary>The change for its environment on a machine that need not know the database; null after its mistakes were shown.</summary>
    public (Change Change, string Environment)? ReadWithoutDatabase(VerbContext context)
    {
        var path = context.Arguments.GetRequiredValue(Change);
        if (Load(context, path, null) is not { } change)
        {
            return null;
        }

        var named = Named(change, context.Arguments.GetValue(Environment));
        var reading = TidelockServices.ChangeLoader.Load(path, named, variables: null);
        new MistakeRows(context).Show(reading.Mistakes);
        return reading.Change is { } read ? (read, named) : null;
    }

    /// <summary>The change of a folder, as it stands for one environment.</summary>
    public static DeploymentRequest? Request(VerbContext context, string path, string environment, string by)
    {
        if (Load(context, path, environment) is not { } change)
        {
            return null;
        }

        var where = change.Environments.First(e => string.Equals(e.Name, environment, StringComparison.Ordinal));
        return new DeploymentRequest(change, where, PostgresTarget.Parse(where.Database, context.Variables), by);
    }

    /// <summary>Reads a change and shows its mistakes; null when it has any.</summary>
    public static Change? Load(VerbContext context, string path, string? environment)
    {
        var reading = TidelockServices.ChangeLoader.Load(path, environment, context.Variables);
        new MistakeRows(context).Show(reading.Mistakes);
        return reading.Change;
    }

    /// <summary>The environment that was named, or the only one.</summary>
    /// <exception cref="TidelockException">None was named and there are several, or there is none of that name.</exception>
    public static string Named(Change change, string? environment)
    {
        var names = change.Environments.Select(e => e.Name).ToList();
        if (environment is null && names is [var only])
        {
            return only;
        }

        return environment is not null && names.Contains(environment, StringComparer.Ordinal)
            ? environment
            : throw new TidelockException(
                Message.Of("cli.env-needed", ("environments", string.Join(", ", names))),
                ExitCode.Mistake
            );
    }
}
