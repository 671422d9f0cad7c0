using System.CommandLine;
using Tidelock.Cli.Rendering;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Runs.Postgres;
using Tidelock.Runs.Sqlite;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>What a verb works with: what was typed, the terminal, the process's variables, the journal.</summary>
internal sealed class VerbContext(
    ParseResult arguments,
    CommonOptions options,
    Terminal terminal,
    IReadOnlyDictionary<string, string> variables
) : IAsyncDisposable
{
    private IJournal? journal;

    public ParseResult Arguments { get; } = arguments;

    public Terminal Terminal { get; } = terminal;

    public TextCatalog Texts => Terminal.Texts;

    public IReadOnlyDictionary<string, string> Variables { get; } = variables;

    public TimeProvider Time { get; } = TimeProvider.System;

    public bool Json => Arguments.GetValue(options.Json);

    /// <summary>The journal, opened on first use.</summary>
    /// <exception cref="JournalUnwritableException">It cannot be opened.</exception>
    public async Task<IJournal> JournalAsync(CancellationToken cancellation) =>
        journal ??= await OpenAsync(JournalPlace.Of(Arguments.GetValue(options.Journal), Variables), cancellation);

    public ValueTask DisposeAsync() => journal?.DisposeAsync() ?? ValueTask.CompletedTask;

    private async Task<IJournal> OpenAsync(string place, CancellationToken cancellation) =>
        JournalPlace.IsServer(place)
            ? await PostgresJournal.OpenAsync(PostgresTarget.Parse(place, Variables), cancellation)
            : await SqliteJournal.OpenAsync(place, cancellation);
}
