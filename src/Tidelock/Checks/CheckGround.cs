using Tidelock.Postgres;

namespace Tidelock.Checks;

/// <summary>What checks run on.</summary>
/// <param name="OpenAsync">Opens a session of its own for each SQL check.</param>
/// <param name="Http">For HTTP checks; follows no redirects of its own making.</param>
/// <param name="Folder">Where commands run: the change's folder.</param>
/// <param name="Environment">Variables commands get, such as the PG* ones of the target; secrets travel here and not in argv.</param>
/// <param name="Baselines">How long each SQL check took before the change, by name; null while that is being measured.</param>
/// <param name="Time">The clock.</param>
public sealed record CheckGround(
    Func<CancellationToken, Task<PostgresSession>> OpenAsync,
    HttpClient Http,
    string Folder,
    IReadOnlyDictionary<string, string?> Environment,
    IReadOnlyDictionary<string, TimeSpan>? Baselines,
    TimeProvider Time
);
