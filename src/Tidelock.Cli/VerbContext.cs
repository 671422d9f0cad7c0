using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>What a verb works with: what was typed, the terminal, the process's variables, the library.</summary>
internal sealed class VerbContext(
    ParseResult arguments,
    CommonOptions options,
    Terminal terminal,
    IReadOnlyDictionary<string, string> variables
) : IAsyncDisposable
{
    private TidelockServices? services;

    public ParseResult Arguments { get; } = arguments;

    public Terminal Terminal { get; } = terminal;

    public TextCatalog Texts => Terminal.Texts;

    public IReadOnlyDictionary<string, string> Variables { get; } = variables;

    public TimeProvider Time { get; } = MachineTime.Clock;

    public bool Json => Arguments.GetValue(options.Json);

    /// <summary>The library with its journal, opened on first use.</summary>
    /// <exception cref="JournalUnwritableException">The journal cannot be opened.</exception>
    public async Task<TidelockServices> ServicesAsync(CancellationToken cancellation) =>
        services ??= await TidelockServices.OpenAsync(
            new TidelockSettings(JournalPlace.Of(Arguments.GetValue(options.Journal), Variables), Time),
            cancellation
        );

    public async Task<IJournal> JournalAsync(CancellationToken cancellation) =>
        (await ServicesAsync(cancellation)).Journal;

    /// <summary>The same command with other variables, and so with a journal of its own.</summary>
    public VerbContext With(IReadOnlyDictionary<string, string> others) => new(Arguments, options, Terminal, others);

    public ValueTask DisposeAsync() => services?.DisposeAsync() ?? ValueTask.CompletedTask;
}
