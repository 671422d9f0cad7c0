namespace Tidelock;

/// <summary>The exit codes of the command line. They are a public contract: documented, tested, never renumbered.</summary>
public enum ExitCode
{
    /// <summary>The change is in place and declared complete, or the command did what was asked.</summary>
    Done = 0,

    /// <summary>The change failed and the database is as it was before.</summary>
    RolledBack = 1,

    /// <summary>The change failed and the state needs a person: something is in place that should not be, or is not known.</summary>
    NeedsPerson = 2,

    /// <summary>A gate or a person refused. Nothing was changed.</summary>
    Refused = 3,

    /// <summary>A mistake in the change or on the command line. Nothing was changed.</summary>
    Mistake = 4,

    /// <summary>Another run is active on this database.</summary>
    AnotherRun = 5,
}
