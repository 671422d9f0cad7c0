using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>How a rehearsal went.</summary>
/// <param name="Problem">Why the backup is not proven; null when it is.</param>
/// <param name="Record">The proof, also kept beside a backup that Tidelock took; null when there is a problem.</param>
/// <param name="Notes">What differs from the real server, for example its locale.</param>
public sealed record RehearsalOutcome(Message? Problem, RehearsalRecord? Record, IReadOnlyList<Message> Notes)
{
    public bool Passed => Problem is null;
}
