using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Runs a program in the change's folder.</summary>
internal static class CommandCheckRun
{
    public static Task<CheckResult> RunAsync(CommandCheck check, CheckGround ground, CancellationToken cancellation) =>
        ProgramCheck.RunAsync(
            check,
            check.Within,
            [new ChildProgram(check.Command[0], [.. check.Command.Skip(1)], ground.Environment, ground.Folder)],
            result => Message.Of("checks.command.passed", ("check", check.Name), ("took", result.Took)),
            ground,
            cancellation
        );
}
