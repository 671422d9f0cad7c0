using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>A session in the way is acted against, as <see cref="BlockerPolicy"/> says. Stored before it is done, and again after.</summary>
/// <param name="Act">What is done to it.</param>
/// <param name="ProcessId">Its backend.</param>
/// <param name="BackendStart">When that backend connected: a pid is given to others later.</param>
/// <param name="IsDone">Whether this tells what came of it.</param>
/// <param name="Finding">For people.</param>
public sealed record BlockerDeed(
    BlockerAct Act,
    int ProcessId,
    DateTimeOffset BackendStart,
    bool IsDone,
    Message Finding
);
