using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>Why a step was stopped from outside, and what follows.</summary>
internal abstract record StepOrder
{
    /// <summary>A person takes the change back, or gives the run up before anything was changed.</summary>
    public sealed record GoBack(string By, RollbackWay Way, Message Reason) : StepOrder;

    /// <summary>The program ends; the run stays open.</summary>
    public sealed record Suspend(Message Reason) : StepOrder;

    /// <summary>The database or the lock on it was lost: take both anew and run the step again.</summary>
    public sealed record TargetLost(Message Reason) : StepOrder;
}
