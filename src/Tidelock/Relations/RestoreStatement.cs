using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>One statement of a restore.</summary>
/// <param name="Sql">Exactly one statement, every name qualified and quoted.</param>
/// <param name="For">The relation it is about, so that a failure can name it.</param>
public sealed record RestoreStatement(string Sql, RelationName For);
