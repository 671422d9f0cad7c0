using System.Text.Json.Serialization;
using Tidelock.Checks;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;

namespace Tidelock.Steps;

/// <summary>How long a downstream query took before the migration.</summary>
/// <param name="Name">Which.</param>
/// <param name="Took">How long, the middle one of all times; of no use as a bound when it failed.</param>
/// <param name="Passed">Whether it gave what was expected.</param>
public sealed record DownstreamTime(string Name, TimeSpan Took, bool Passed)
{
    private const int Most = 5;
    private const int Least = 3;
    private const int Tries = 2;

    /// <summary>After so long three times are enough: the query is not there to be measured.</summary>
    private static readonly TimeSpan Enough = TimeSpan.FromSeconds(10);

    /// <summary>How long the way to a server is given to come back.</summary>
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5);

    /// <summary>Out of how many times; 0 in a journal from when it was measured once and nobody counted.</summary>
    public int Count { get; init; }

    /// <summary>The shortest of them.</summary>
    public TimeSpan Shortest { get; init; }

    /// <summary>The longest of them.</summary>
    public TimeSpan Longest { get; init; }

    /// <summary>
    /// Runs a check: once, or where its bound is a multiple of this time, three to five times, so that a cold cache or a busy moment makes no
    /// bound. One that fails gets a second try, as in the watch, and is not measured further.
    /// </summary>
    internal static async Task<(DownstreamTime Time, CheckResult Last)> MeasureAsync(
        SqlCheck check,
        CheckGround ground,
        CancellationToken cancellation
    )
    {
        var took = new List<TimeSpan>();
        var failed = 0;
        CheckResult result;
        do
        {
            result = await check.RunAsync(ground, cancellation).ConfigureAwait(false);
            failed = result.Passed ? 0 : failed + 1;
            if (!result.IsAnswered && failed < Tries)
            {
                await Task.Delay(Again, ground.Time, cancellation).ConfigureAwait(false);
            }

            if (result.Passed || failed == Tries)
            {
                took.Add(result.Took);
            }
        } while (failed is > 0 and < Tries || (result.Passed && check.WithinBaseline is not null && IsWorthMore(took)));

        took.Sort();
        var time = new DownstreamTime(check.Name, result.Passed ? took[took.Count / 2] : result.Took, result.Passed)
        {
            Count = took.Count,
            Shortest = took[0],
            Longest = took[^1],
        };
        return (time, result);
    }

    private static bool IsWorthMore(List<TimeSpan> took) =>
        took.Count < Least || (took.Count < Most && took.Aggregate((a, b) => a + b) < Enough);

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
[JsonSerializable(typeof(IReadOnlyList<SignalBaseline>))]
[JsonSerializable(typeof(CheckResult))]
[JsonSerializable(typeof(PresentObjects))]
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class StepsJson : JsonSerializerContext;
