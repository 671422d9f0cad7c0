namespace Tidelock.Policies;

/// <summary>What one person may do twice in a change although two must approve it, where a policy allows that.</summary>
[Flags]
public enum OwnWork
{
    None = 0,

    /// <summary>The author's approval counts.</summary>
    AuthorApproves = 1,

    /// <summary>The approval of whoever runs the change counts.</summary>
    ExecutorApproves = 2,

    /// <summary>The author runs the change.</summary>
    AuthorExecutes = 4,
}
