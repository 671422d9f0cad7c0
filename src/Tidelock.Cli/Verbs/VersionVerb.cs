using System.CommandLine;
using System.Reflection;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Which version this is, for people and, with <c>--json</c>, for machines.</summary>
internal sealed class VersionVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
    : Verb("version", texts.Render("cli.version.help"), at)
{
    private static string Version { get; } =
        typeof(VersionVerb).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    protected override Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        context.Terminal.Print(context.Json ? $$"""{"version":"{{Version}}"}""" + "\n" : $"tidelock {Version}\n");
        return Task.FromResult(ExitCode.Done);
    }
}
