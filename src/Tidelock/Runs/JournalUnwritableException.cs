namespace Tidelock.Runs;

/// <summary>The journal cannot be read or written: no new forward effect may follow.</summary>
public sealed class JournalUnwritableException(string location, string reason, Exception? inner = null)
    : TidelockException(
        Texts.Message.Of("runs.journal-unwritable", ("journal", location), ("reason", reason)),
        ExitCode.NeedsPerson,
        inner
    )
{
    /// <summary>What the file system or the server said.</summary>
    public string Reason { get; } = reason;
}
