using Tidelock.Contracts;
using Tidelock.Runs;

namespace Tidelock.Steps;

/// <summary>Where the steps compare contents.</summary>
internal static class StepContents
{
    /// <summary>What this server has committed by now is what is read there.</summary>
    public static ContentServer Contents(this StepContext context) =>
        new(
            context.TargetEnvironment.Standby,
            context.ApplicationName,
            context.OpenAsync,
            context.Time,
            context.Report
        );
}
