using System.Globalization;
using System.Text.Json.Serialization;

namespace Tidelock.Texts;

/// <summary>
/// Something a person is told: a stable code and named arguments. It is journaled as it is and rendered in the reader's language
/// only when it is shown, so that a run recorded in English can be reported in Korean.
/// </summary>
/// <param name="Code">Area and key, for example <c>gates.window.outside</c>. Never translated. The part before the first dot names the
/// resource file: <c>Texts/Gates.resx</c>.</param>
/// <param name="Arguments">Values for the placeholders of the text, already neutral of language (numbers, names, durations).</param>
public sealed record Message(string Code, IReadOnlyDictionary<string, string> Arguments)
{
    /// <summary>A message without arguments.</summary>
    public static Message Of(string code) => new(code, new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>A message with named arguments; values are formatted independently of the culture.</summary>
    public static Message Of(string code, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in arguments)
        {
            values[name] = Neutral(value);
        }

        return new Message(code, values);
    }

    /// <summary>The area: the part of the code before the first dot.</summary>
    [JsonIgnore]
    public string Area => Code[..Code.IndexOf('.', StringComparison.Ordinal)];

    public bool Equals(Message? other) =>
        other is not null
        && string.Equals(Code, other.Code, StringComparison.Ordinal)
        && Arguments.Count == other.Arguments.Count
        && Arguments.All(a =>
            other.Arguments.TryGetValue(a.Key, out var v) && string.Equals(v, a.Value, StringComparison.Ordinal)
        );

    public override int GetHashCode() => Code.GetHashCode(StringComparison.Ordinal);

    /// <summary>The English text, for logs and debuggers.</summary>
    public override string ToString() => TextCatalog.English.Render(this);

    private static string Neutral(object? value) =>
        value switch
        {
            null => "",
            string text => text,
            TimeSpan span => Durations.Short(span),
            DateTimeOffset at => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
}
