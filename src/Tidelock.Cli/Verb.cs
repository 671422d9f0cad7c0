using System.CommandLine;

namespace Tidelock.Cli;

/// <summary>One word after <c>tidelock</c>: its options, and what it does.</summary>
internal abstract class Verb : Command
{
    protected Verb(string name, string description, Func<ParseResult, VerbContext> at)
        : base(name, description) =>
        SetAction(
            async (parsed, cancellation) =>
            {
                await using var context = at(parsed);
                return (int)await RunAsync(context, cancellation);
            }
        );

    protected abstract Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation);
}
