namespace Tidelock.Evidence.History;

/// <summary>
/// The four figures by which DORA tells how a team delivers, for one environment over a time: a deployment is a run that committed its
/// change, a failed one was taken back or needs a person.
/// </summary>
/// <param name="Environment">Where.</param>
/// <param name="Runs">All that were begun.</param>
/// <param name="Deployments">Those that committed their change.</param>
/// <param name="PerWeek">Deployments in a week.</param>
/// <param name="LeadTime">The median time from when the journal first heard of a change to its commit; null where that is not known.</param>
/// <param name="Failed">Deployments that failed.</param>
/// <param name="FailureRate">Their share; null without a deployment.</param>
/// <param name="RestoreTime">The median time from the first sign of a failure to everything being as before; null for none.</param>
/// <param name="NotRestored">Failed ones that are not taken back.</param>
public sealed record DeploymentFigures(
    string Environment,
    int Runs,
    int Deployments,
    double PerWeek,
    TimeSpan? LeadTime,
    int Failed,
    double? FailureRate,
    TimeSpan? RestoreTime,
    int NotRestored
)
{
    internal static DeploymentFigures Of(string environment, IReadOnlyList<RunFigures> runs, TimeSpan over)
    {
        var deployed = runs.Where(r => r.AppliedAt is not null).ToList();
        var failed = deployed.Where(r => r.FailedAt is not null).ToList();
        return new DeploymentFigures(
            environment,
            runs.Count,
            deployed.Count,
            deployed.Count / Math.Max(over.TotalDays / 7, 1.0 / 7),
            Median(deployed.Select(r => r.LeadTime)),
            failed.Count,
            deployed.Count == 0 ? null : (double)failed.Count / deployed.Count,
            Median(failed.Select(r => r.RestoreTime)),
            failed.Count(r => r.RestoredAt is null)
        );
    }

    private static TimeSpan? Median(IEnumerable<TimeSpan?> spans)
    {
        var known = spans.OfType<TimeSpan>().Order().ToList();
        return known.Count == 0 ? null : (known[(known.Count - 1) / 2] + known[known.Count / 2]) / 2;
    }
}
