namespace Tidelock.Relations;

/// <summary>One statement of a restore.</summary>
/// <param name="Sql">Exactly one statement, every name qualified and quoted.</param>
/// <param name="For">What it is about, so that a failure can name it: the name of a relation, or a <see cref="CapturedObject"/>.</param>
public sealed record RestoreStatement(string Sql, object For);
