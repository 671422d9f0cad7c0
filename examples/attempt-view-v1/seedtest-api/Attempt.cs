namespace SeedtestApi;

/// <summary>One row of the attempt view, as the API gives it out.</summary>
internal sealed record Attempt(
    long Id,
    Guid StudentId,
    long ItemId,
    bool Correct,
    int ResponseTimeMs,
    bool HintUsed,
    DateTime CompletedAt,
    long AttemptNo,
    string? TopicId
);
