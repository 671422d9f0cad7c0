using System.CommandLine;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A run as people name it: its id, or the last letters of it that are enough to tell it from the others.</summary>
internal static class RunArgument
{
    public static Argument<string?> Make(TextCatalog texts) => Make(texts, texts.Render("cli.argument.run"));

    /// <summary>With other words for what its absence means.</summary>
    public static Argument<string?> Make(TextCatalog texts, string description) =>
        new Argument<string?>("RUN") { Description = description, Arity = ArgumentArity.ZeroOrOne }.WithoutOptions(
            texts
        );

    /// <summary>The run that ends with <paramref name="name"/>.</summary>
    /// <exception cref="TidelockException">No run does, or several do.</exception>
    public static async Task<RunId> FindAsync(IJournal journal, string name, CancellationToken cancellation)
    {
        var runs = await journal.ListAsync(cancellation);
        var found = runs.Where(r => r.Run.Value.EndsWith(name, StringComparison.OrdinalIgnoreCase)).ToList();
        return found switch
        {
            [var one] => one.Run,
            [] => throw new TidelockException(
                Message.Of("cli.run.unknown", ("run", name), ("journal", journal.Location)),
                ExitCode.Mistake
            ),
            _ => throw new TidelockException(
                Message.Of("cli.run.ambiguous", ("run", name), ("runs", string.Join(", ", found.Select(r => r.Run)))),
                ExitCode.Mistake
            ),
        };
    }

    /// <summary>The named run, else the newest one that fits.</summary>
    /// <exception cref="TidelockException">There is none.</exception>
    public static async Task<RunId> FindAsync(
        IJournal journal,
        string? name,
        Func<RunState, bool> fits,
        CancellationToken cancellation
    )
    {
        if (name is not null)
        {
            return await FindAsync(journal, name, cancellation);
        }

        foreach (var heads in await journal.ListAsync(cancellation))
        {
            if (fits(await RunReader.StateAsync(journal, heads.Run, cancellation)))
            {
                return heads.Run;
            }
        }

        throw new TidelockException(Message.Of("cli.run.none", ("journal", journal.Location)), ExitCode.Mistake);
    }
}
