namespace Tidelock.Migrations.Statements;

/// <summary>
/// How far a file has come: journaled before each statement and after it, so that whoever comes after a crash knows what to ask the
/// catalogs.
/// </summary>
/// <param name="Number">The statement, from 1.</param>
/// <param name="Line">Its line.</param>
/// <param name="Statement">Its beginning, for people.</param>
/// <param name="State"><c>begun</c>, <c>done</c>, or <c>failed</c>: it left nothing behind.</param>
/// <param name="Before">The ids of what it is about, as they were before it.</param>
/// <param name="Backend">The server's process that runs it.</param>
/// <param name="Timeline">The server's timeline: on another one, what was done may be missing.</param>
public sealed record StatementMark(
    int Number,
    int Line,
    string Statement,
    string State,
    IReadOnlyList<long> Before,
    int Backend,
    int Timeline
)
{
    public const string Begun = "begun";
    public const string Done = "done";
    public const string Failed = "failed";
}
