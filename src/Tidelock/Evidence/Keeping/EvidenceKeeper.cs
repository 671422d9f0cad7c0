using Tidelock.Changes;
using Tidelock.Evidence.Anchors;
using Tidelock.Evidence.Bundles;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Evidence.Keeping;

/// <summary>
/// Keeps what a change declares under <c>evidence:</c>. What cannot be kept is told and stops nothing: the journal has it all the same, and
/// <c>tidelock evidence</c> and <c>tidelock anchor</c> do it later.
/// </summary>
/// <param name="change">The change, as it is in the run's environment.</param>
/// <param name="journal">Where the run is.</param>
/// <param name="time">The clock.</param>
public sealed class EvidenceKeeper(Change change, IJournal journal, TimeProvider time)
{
    private readonly EvidenceOptions options = change.Section<EvidenceOptions>();

    /// <summary>After a run: the bundle, and the heads of its chains.</summary>
    public async Task<IReadOnlyList<KeptEvidence>> AfterRunAsync(RunId run, CancellationToken cancellation)
    {
        var state = await RunReader.StateAsync(journal, run, cancellation).ConfigureAwait(false);

        // A run that goes on from the files it kept still means the folder that it was begun in.
        var folder = state.Started is { } started ? Path.GetFullPath(started.Folder, change.Folder) : change.Folder;
        var kept = new List<KeptEvidence>();
        foreach (var place in options.Anchors)
        {
            kept.Add(await TriedAsync(() => AnchorAsync(run, place, folder, cancellation)).ConfigureAwait(false));
        }

        kept.AddRange(await SignedAsync(run, folder, cancellation).ConfigureAwait(false));
        return kept;
    }

    /// <summary>The bundle, with all looks by now; of a run that was taken back it says so, where an earlier one said that all was well.</summary>
    public Task<IReadOnlyList<KeptEvidence>> SignedAsync(RunId run, CancellationToken cancellation) =>
        SignedAsync(run, change.Folder, cancellation);

    private async Task<IReadOnlyList<KeptEvidence>> SignedAsync(
        RunId run,
        string folder,
        CancellationToken cancellation
    ) =>
        options is { Key: { } key, Out: { } file }
            ?
            [
                await TriedAsync(() =>
                        SignAsync(run, Path.GetFullPath(key, folder), Path.GetFullPath(file, folder), cancellation)
                    )
                    .ConfigureAwait(false),
            ]
            : [];

    private async Task<Message> SignAsync(RunId run, string key, string file, CancellationToken cancellation)
    {
        var entries = await SoundAsync(run, cancellation).ConfigureAwait(false);
        var statement =
            await EvidenceStatement.OfAsync(journal, entries, time.GetUtcNow(), cancellation).ConfigureAwait(false)
            ?? throw new TidelockException(Message.Of("evidence.no-header"), ExitCode.NeedsPerson);
        var signed = await EvidenceBundle.SignAsync(statement, key, cancellation).ConfigureAwait(false);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllTextAsync(file + ".new", signed, cancellation).ConfigureAwait(false);
        File.Move(file + ".new", file, overwrite: true);
        return Message.Of("evidence.keep.signed", ("file", file), ("looks", statement.Predicate.Soak.Count));
    }

    private async Task<Message> AnchorAsync(RunId run, string place, string folder, CancellationToken cancellation)
    {
        var entries = await SoundAsync(run, cancellation).ConfigureAwait(false);
        var beside = RunEvents.Parse(entries[0]) is RunStarted started
            ? StreamAnchors.Of(started.Digest, started.TargetEnvironment)
            : [];
        var heads = await StreamAnchors.HeadsAsync(journal, beside, cancellation).ConfigureAwait(false);
        foreach (var anchor in heads.Prepend(Anchor.Of(entries[^1])))
        {
            await (
                place is AnchorPlace.Git
                    ? AnchorPlace.KeepInGitAsync(anchor, folder, cancellation)
                    : AnchorPlace.KeepInFileAsync(
                        anchor,
                        Path.GetFullPath(place, folder),
                        time.GetUtcNow(),
                        cancellation
                    )
            ).ConfigureAwait(false);
        }

        return Message.Of("evidence.keep.anchored", ("place", place));
    }

    private async Task<IReadOnlyList<JournalEntry>> SoundAsync(RunId run, CancellationToken cancellation)
    {
        var entries = await RunReader.EntriesAsync(journal, run, cancellation).ConfigureAwait(false);
        var chain = ChainVerification.Of(entries);
        return chain.IsSound ? entries : throw new TidelockException(chain.Messages[0], ExitCode.NeedsPerson);
    }

    private static async Task<KeptEvidence> TriedAsync(Func<Task<Message>> keep)
    {
        try
        {
            return new KeptEvidence(await keep().ConfigureAwait(false), IsKept: true);
        }
        catch (TidelockException e)
        {
            return new KeptEvidence(Message.Of("evidence.keep.lost", ("problem", e.Problem)), IsKept: false);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new KeptEvidence(
                Message.Of("evidence.keep.lost", ("problem", Message.Of("evidence.said", ("text", e.Message)))),
                IsKept: false
            );
        }
    }
}

/// <summary>What was kept, or why it was not.</summary>
public sealed record KeptEvidence(Message Finding, bool IsKept);
