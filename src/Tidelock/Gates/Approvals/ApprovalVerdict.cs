using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>Which approvals count, and why others do not.</summary>
/// <param name="Valid">Those that count, a person each.</param>
/// <param name="Problems">Why others do not, and what else keeps the change from being approved.</param>
/// <param name="Denied">Who says that the change must not be made; null for nobody.</param>
/// <param name="Exceptions">What only the policy's leave makes count; shown in red.</param>
internal sealed record ApprovalVerdict(
    IReadOnlyList<ValidApproval> Valid,
    IReadOnlyList<Message> Problems,
    Word? Denied,
    IReadOnlyList<Message> Exceptions
)
{
    /// <summary>Something that no further approval mends; null for nothing.</summary>
    public Message? Obstacle { get; init; }

    public bool Suffices(int required) => Denied is null && Obstacle is null && Valid.Count >= required;
}

/// <summary>An approval that counts.</summary>
/// <param name="Word">What was said.</param>
/// <param name="Text">Who, with or without a signature, until when.</param>
internal sealed record ValidApproval(Word Word, Message Text);
