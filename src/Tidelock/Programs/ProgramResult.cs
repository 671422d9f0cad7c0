using Tidelock.Texts;

namespace Tidelock.Programs;

/// <summary>How a child program ended.</summary>
/// <param name="Program">What ran.</param>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">All of standard output.</param>
/// <param name="Errors">All of standard error.</param>
/// <param name="Took">From start to end.</param>
public sealed record ProgramResult(ChildProgram Program, int ExitCode, string Output, string Errors, TimeSpan Took)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>The last lines of standard error (or output where that is empty): what a person needs to see first.</summary>
    public string LastWords =>
        string.Join(
            '\n',
            (Errors.Trim().Length > 0 ? Errors : Output).Trim().Split('\n').TakeLast(8).Select(l => l.TrimEnd())
        );

    /// <summary>Returns itself, or throws when the program did not succeed.</summary>
    /// <exception cref="TidelockException"><c>programs.failed</c>, with exit code and last words.</exception>
    public ProgramResult OrThrow(ExitCode exitCode = Tidelock.ExitCode.NeedsPerson) =>
        Succeeded
            ? this
            : throw new TidelockException(
                Message.Of(
                    "programs.failed",
                    ("program", System.IO.Path.GetFileName(Program.Path)),
                    ("exit", ExitCode),
                    ("words", LastWords)
                ),
                exitCode
            );
}
