namespace Tidelock.Runs;

/// <summary>A newer epoch has the run. The program that sees this ends at once and touches nothing more.</summary>
public sealed class RunTakenOverException(RunId run)
    : TidelockException(Texts.Message.Of("runs.taken-over", ("run", run)), ExitCode.AnotherRun);
