using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Tidelock.Probes.Http;

/// <summary>Where a value stands in JSON: <c>queue.length</c>, <c>shards[0].lag</c>.</summary>
public sealed partial record JsonPath
{
    private JsonPath(string text) => Text = text;

    public string Text { get; }

    /// <summary>Null when it is no path.</summary>
    public static JsonPath? TryParse(string text) => Form().IsMatch(text) ? new JsonPath(text) : null;

    /// <summary>What stands there; null where the answer has no such place.</summary>
    public JsonElement? In(JsonElement answer)
    {
        JsonElement? at = answer;
        foreach (var part in Parts().Matches(Text).Select(m => m.Groups))
        {
            at = part["index"].Success
                ? Item(at!.Value, int.Parse(part["index"].ValueSpan, CultureInfo.InvariantCulture))
                : Member(at!.Value, part["name"].Value);
            if (at is null)
            {
                return null;
            }
        }

        return at;
    }

    public override string ToString() => Text;

    private static JsonElement? Member(JsonElement of, string name) =>
        of.ValueKind == JsonValueKind.Object && of.TryGetProperty(name, out var value) ? value : null;

    private static JsonElement? Item(JsonElement of, int index) =>
        of.ValueKind == JsonValueKind.Array && index < of.GetArrayLength() ? of[index] : null;

    [GeneratedRegex(
        @"^([^.\[\]\s]+|\[[0-9]{1,6}\])(\.[^.\[\]\s]+|\[[0-9]{1,6}\])*$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Form();

    [GeneratedRegex(@"\[(?<index>[0-9]+)\]|(?<name>[^.\[\]]+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Parts();
}
