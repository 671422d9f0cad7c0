using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>The target or the run lock was lost in the middle: the epoch is over, and a new one may go on where this one stopped.</summary>
public sealed class TargetLostException(Message problem, Exception? inner = null)
    : TidelockException(problem, ExitCode.NeedsPerson, inner);
