using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>The statements that were found, or why it is not known: then their signals are unknown, never zero.</summary>
internal sealed record FoundStatements(IReadOnlyList<CountedStatement> Statements, Message? Problem = null);
