using Tidelock.Checks;
using Tidelock.Runs;

namespace Tidelock.Steps;

/// <summary>What a run's checks stand on: its database, its change's folder, the times measured before.</summary>
internal sealed class Ground(HttpClient http)
{
    /// <param name="baselines">How long SQL checks took before; null while that is being measured.</param>
    public CheckGround Of(StepContext context, IReadOnlyDictionary<string, TimeSpan>? baselines) =>
        new(
            context.OpenAsync,
            http,
            context.Change.Folder,
            context.Target.LibpqEnvironment(context.ApplicationName),
            baselines,
            context.Time
        );

    /// <summary>The same, with the times of the step <c>baseline</c>.</summary>
    public CheckGround AfterBaseline(StepContext context) =>
        Of(
            context,
            context
                .Change.Section<DownstreamChecks>()
                .Checks.Select(c => (c.Name, Took: DownstreamTime.Of(context, c.Name)))
                .Where(c => c.Took is not null)
                .ToDictionary(c => c.Name, c => c.Took!.Value, StringComparer.Ordinal)
        );
}
