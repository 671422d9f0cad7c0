using System.Text.Json.Serialization;
using Tidelock.Checks;
using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Steps;

/// <summary>How long a downstream query took before the migration.</summary>
/// <param name="Name">Which.</param>
/// <param name="Took">How long; of no use as a bound when it failed.</param>
/// <param name="Passed">Whether it gave what was expected.</param>
public sealed record DownstreamTime(string Name, TimeSpan Took, bool Passed)
{
    /// <summary>The time before; null when it was never measured or failed then, too.</summary>
    internal static TimeSpan? Of(StepContext context, string check) =>
        context.As(RunBaseline.Step).Fact(FactOf(check), StepsJson.Default.DownstreamTime) is { Passed: true } time
            ? time.Took
            : null;

    internal static string FactOf(string check) => "downstream: " + check;
}

/// <summary>Facts of the steps as they stand in the journal.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(DownstreamTime))]
[JsonSerializable(typeof(CheckResult))]
internal sealed partial class StepsJson : JsonSerializerContext;
