using Tidelock.Texts;

namespace Tidelock;

/// <summary>
/// The one root of the exceptions Tidelock throws: a defect, or infrastructure that was lost. Outcomes (a gate refuses, a lock was
/// not granted) are values and never travel as exceptions. The message has a stable code and is rendered in the reader's language.
/// </summary>
public class TidelockException(Message problem, ExitCode exitCode, Exception? inner = null)
    : Exception(TextCatalog.English.Render(problem), inner)
{
    /// <summary>What happened, to which object, and what to do next.</summary>
    public Message Problem { get; } = problem;

    /// <summary>The exit code a command ends with when nobody handles this.</summary>
    public ExitCode ExitCode { get; } = exitCode;
}
