using System.Collections.Immutable;
using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Notifications;

/// <summary>What a channel tells of, as it stands.</summary>
/// <param name="Subject">The change and its place.</param>
/// <param name="Run">The run; null before it begins.</param>
/// <param name="State">The run's state; empty before it begins.</param>
/// <param name="Head">The newest entry that is told of.</param>
/// <param name="Identifiers">What the channel gave back last for this run, or for its announcement; empty at first.</param>
/// <param name="Now">The time.</param>
public sealed record NoticeView(
    NoticeSubject Subject,
    RunId? Run,
    RunState State,
    JournalEntry? Head,
    ImmutableSortedDictionary<string, string> Identifiers,
    DateTimeOffset Now
)
{
    /// <summary>When the run will start; null where that was not said.</summary>
    public DateTimeOffset? StartsAt { get; init; }

    /// <summary>Why it does not start then; null where it does.</summary>
    public Message? CalledOff { get; init; }
}

/// <summary>The change that is told of, and where it goes.</summary>
/// <param name="Change">Its name.</param>
/// <param name="Title">Its title.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="TargetEnvironment">The environment's name.</param>
/// <param name="Target">The database as people read it; no password.</param>
/// <param name="By">Who runs or announces it.</param>
/// <param name="Links">Documents, by title.</param>
/// <param name="Contacts">Whom to call, by role.</param>
public sealed record NoticeSubject(
    string Change,
    string Title,
    string Digest,
    string TargetEnvironment,
    string Target,
    string By,
    IReadOnlyDictionary<string, string> Links,
    IReadOnlyDictionary<string, string> Contacts
)
{
    public static NoticeSubject Of(Change change, string environment, string target, string by) =>
        new(change.Name, change.Title, change.Digest, environment, target, by, change.Links, change.Contacts);

    internal static NoticeSubject Of(RunStarted started) =>
        new(
            started.Change,
            started.Title,
            started.Digest,
            started.TargetEnvironment,
            started.Target,
            started.By,
            started.Links,
            started.Contacts
        );
}
