using System.Globalization;
using System.Text.Json;
using Tidelock.Runs;

namespace Tidelock.Rollbacks;

/// <summary>How long the way there and back took in the rehearsal that the run was started on; journaled when the run is opened.</summary>
/// <param name="Method">The way back that was rehearsed.</param>
/// <param name="ForwardTook">The way there, without data.</param>
/// <param name="BackTook">The way back, without data; null where it was not taken.</param>
public sealed record RehearsedWay(string Method, TimeSpan? ForwardTook, TimeSpan? BackTook)
{
    private const string Step = "prerequisites";
    private const string Fact = "way";

    /// <summary>As it is journaled.</summary>
    internal FactRecorded AsEvent() =>
        new(Step, Fact, JsonSerializer.SerializeToElement(this, RollbacksJson.Default.RehearsedWay));

    /// <summary>
    /// How long going back by a method took: on the data of the run's backup where that was rehearsed, else on an empty copy; null where neither
    /// was timed.
    /// </summary>
    internal static TimeSpan? BackBy(string method, RunState state)
    {
        if (OnData(method, state) is { } took)
        {
            return took;
        }

        var way = state.Fact(Step, Fact)?.Deserialize(RollbacksJson.Default.RehearsedWay);
        return string.Equals(way?.Method, method, StringComparison.Ordinal) ? way?.BackTook : null;
    }

    /// <summary>The part "back" of the rehearsal with data, of whose fact no more is known here than its parts.</summary>
    private static TimeSpan? OnData(string method, RunState state)
    {
        if (
            state.Fact(RunBackup.Step, "rehearsal") is not { ValueKind: JsonValueKind.Object } rehearsal
            || !rehearsal.TryGetProperty("parts", out var parts)
            || parts.ValueKind != JsonValueKind.Array
            || (Text(rehearsal, "method") ?? state.Started?.Method) != method
        )
        {
            return null;
        }

        return parts
            .EnumerateArray()
            .Where(p => string.Equals(Text(p, "part"), "back", StringComparison.OrdinalIgnoreCase) && !HasFailed(p))
            .Select(p =>
                TimeSpan.TryParse(Text(p, "took"), CultureInfo.InvariantCulture, out var took) ? took : (TimeSpan?)null
            )
            .LastOrDefault();
    }

    private static bool HasFailed(JsonElement part) =>
        part.TryGetProperty("passed", out var passed) && passed.ValueKind == JsonValueKind.False;

    private static string? Text(JsonElement part, string name) =>
        part.ValueKind == JsonValueKind.Object
        && part.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
