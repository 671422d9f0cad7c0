using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>The statements that were found, or why it is not known: then their signals are unknown, never zero.</summary>
/// <param name="Statements">Empty where they are not known.</param>
/// <param name="Problem">Why they cannot be known.</param>
/// <param name="Missing">Why some are not known yet; the next look that knows them counts what was added since.</param>
internal sealed record FoundStatements(
    IReadOnlyList<CountedStatement> Statements,
    Message? Problem = null,
    Message? Missing = null
);
