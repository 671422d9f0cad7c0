using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Migrations.Tools;

/// <summary>
/// Another program that makes migrations and keeps its own record of them in the database. It is run at most once at a time, and may be
/// run again after it failed: what became of a run is asked of its record, never taken from an exit code.
/// </summary>
public interface IMigrationTool
{
    /// <summary>The field's word: <c>alembic</c>.</summary>
    string Name { get; }

    /// <summary>Where the database stands by the tool's own record, and whether the tool can do its work there. Changes nothing.</summary>
    Task<ToolStanding> AskAsync(ToolGround ground, CancellationToken cancellation);

    /// <summary>Why it could not go this way and back; null when it can.</summary>
    Message? Refusal(ToolPath path) => null;

    /// <summary>Takes the database from <see cref="ToolPath.From"/> to <see cref="ToolPath.To"/>.</summary>
    ChildProgram Up(ToolGround ground, ToolPath path);

    /// <summary>Takes the database from <see cref="ToolPath.To"/> back to <see cref="ToolPath.BackTo"/>.</summary>
    ChildProgram Down(ToolGround ground, ToolPath path);

    /// <summary>
    /// Writes a revision into the record of a copy that has the schema of it, but not the record; null where it cannot, so that the record
    /// itself is copied.
    /// </summary>
    ChildProgram? Mark(ToolGround ground, string revision);

    /// <summary>The SQL of the way there, as far as the tool can tell it without a database; null where it cannot.</summary>
    ChildProgram? Sql(ToolGround ground, ToolPath path);
}

/// <summary>Where a database stands.</summary>
/// <param name="Revision">The revision it is at; empty before the first.</param>
/// <param name="Wanted">The revision the change leads to.</param>
/// <param name="Steps">What lies between, in the order in which it is applied, for people.</param>
/// <param name="Refusal">Why the tool must not be let loose on it; null when it may.</param>
public sealed record ToolStanding(string Revision, string Wanted, IReadOnlyList<string> Steps, Message? Refusal)
{
    /// <summary>The revision the way back leads to, where the change names one.</summary>
    public string? Back { get; init; }

    /// <summary>The way from here.</summary>
    internal ToolPath Path => new(Revision, Wanted, Back);

    internal static ToolStanding Refuse(Message refusal) => new("", "", [], refusal);
}

/// <summary>The way of a change, fixed before its first step. Journaled, so that whoever comes later means the same.</summary>
/// <param name="From">The revision before it; empty for none.</param>
/// <param name="To">The revision after it.</param>
/// <param name="Back">The revision the way back leads to, where the change names one; null for <paramref name="From"/>.</param>
public sealed record ToolPath(string From, string To, string? Back = null)
{
    /// <summary>Where the way back leads.</summary>
    internal string BackTo => Back ?? From;
}

/// <summary>Which way a tool is run.</summary>
public enum ToolDirection
{
    Up,
    Down,
}
