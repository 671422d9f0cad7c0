using System.CommandLine;
using Tidelock.Evidence;
using Tidelock.Evidence.Anchors;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Cli.Verbs;

/// <summary>Writes the head of a run's chain down outside the journal, so that an end that is cut off later shows.</summary>
internal sealed class AnchorVerb : Verb
{
    private readonly Argument<string?> run;
    private readonly Option<string?> file;
    private readonly Option<bool> git;

    public AnchorVerb(TextCatalog texts, Func<ParseResult, VerbContext> at)
        : base("anchor", texts.Render("cli.anchor.help"), at)
    {
        Add(run = RunArgument.Make(texts));
        Add(file = new Option<string?>("--file") { Description = texts.Render("cli.anchor.file"), HelpName = "FILE" });
        Add(git = new Option<bool>("--git") { Description = texts.Render("cli.anchor.git") });
    }

    protected override async Task<ExitCode> RunAsync(VerbContext context, CancellationToken cancellation)
    {
        var journal = await context.JournalAsync(cancellation);
        var id = await RunArgument.FindAsync(journal, context.Arguments.GetValue(run), _ => true, cancellation);
        var entries = await RunReader.EntriesAsync(journal, id, cancellation);
        var chain = ChainVerification.Of(entries);
        if (!chain.IsSound)
        {
            return EndLine.Show(context, ExitCode.NeedsPerson, chain.Messages[0]);
        }

        Anchor[] heads = [Anchor.Of(entries[^1]), .. await BesideAsync(journal, entries, cancellation)];
        foreach (var anchor in heads)
        {
            if (context.Arguments.GetValue(file) is { } path)
            {
                await AnchorPlace.KeepInFileAsync(anchor, path, context.Time.GetUtcNow(), cancellation);
            }

            if (context.Arguments.GetValue(git))
            {
                await AnchorPlace.KeepInGitAsync(anchor, ".", cancellation);
            }

            context.Terminal.Print(anchor + "\n");
        }

        return ExitCode.Done;
    }

    /// <summary>Of what people said of the change, and what was seen of it since.</summary>
    private static async Task<IReadOnlyList<Anchor>> BesideAsync(
        IJournal journal,
        IReadOnlyList<JournalEntry> entries,
        CancellationToken cancellation
    ) =>
        RunEvents.Parse(entries[0]) is RunStarted started
            ? await StreamAnchors.HeadsAsync(
                journal,
                StreamAnchors.Of(started.Digest, started.TargetEnvironment),
                cancellation
            )
            : [];
}
