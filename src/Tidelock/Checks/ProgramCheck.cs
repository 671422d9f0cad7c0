using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Programs that must all end well within one limit.</summary>
internal static class ProgramCheck
{
    /// <param name="check">Whose.</param>
    /// <param name="within">For all of them together.</param>
    /// <param name="programs">One after the other; the first that fails ends the check.</param>
    /// <param name="judge">The last one's result: what was found. Null when its output says that the check has not passed.</param>
    /// <param name="ground">Where.</param>
    /// <param name="cancellation">A person's.</param>
    public static async Task<CheckResult> RunAsync(
        Check check,
        TimeSpan within,
        IReadOnlyList<ChildProgram> programs,
        Func<ProgramResult, Message?> judge,
        CheckGround ground,
        CancellationToken cancellation
    )
    {
        using var deadline = new Deadline(within, ground.Time, cancellation);
        try
        {
            ProgramResult? last = null;
            foreach (var program in programs)
            {
                last = await program.RunAsync(deadline.Token).ConfigureAwait(false);
                if (!last.Succeeded)
                {
                    return Failed(Ended(check, last));
                }
            }

            return judge(last!) is { } finding
                ? new CheckResult(check.Name, Passed: true, deadline.Took, finding)
                : Failed(Ended(check, last!));
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            return Failed(Message.Of("checks.too-slow", ("check", check.Name), ("bound", within)));
        }
        catch (TidelockException e)
        {
            return Failed(e.Problem);
        }

        CheckResult Failed(Message finding) => new(check.Name, Passed: false, deadline.Took, finding);
    }

    private static Message Ended(Check check, ProgramResult result) =>
        Message.Of(
            "checks.command.failed",
            ("check", check.Name),
            ("program", Path.GetFileName(result.Program.Path)),
            ("exit", result.ExitCode),
            ("words", result.LastWords)
        );
}
