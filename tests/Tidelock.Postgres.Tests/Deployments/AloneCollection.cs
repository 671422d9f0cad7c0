namespace Tidelock.Postgres.Tests.Deployments;

/// <summary>Tests whose instruments must answer within a fraction of a second: nothing else runs beside them.</summary>
[CollectionDefinition(DisableParallelization = true)]
public sealed class AloneCollection;
