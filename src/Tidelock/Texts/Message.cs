using System.Globalization;
using System.Text.Json.Serialization;

namespace Tidelock.Texts;

/// <summary>
/// Something a person is told: a stable code and named arguments. It is journaled as it is and rendered in the reader's language
/// only when it is shown, so that a run recorded in English can be reported in Korean.
/// </summary>
/// <param name="Code">Area and key, for example <c>gates.window.outside</c>. Never translated. The part before the first dot names the
/// resource file: <c>Texts/Gates.resx</c>.</param>
/// <param name="Arguments">Values for the placeholders of the text, already neutral of language (numbers, names, durations); no secrets.</param>
/// <param name="Parts">Messages inside this one, rendered in the same language; null for none.</param>
public sealed record Message(
    string Code,
    IReadOnlyDictionary<string, string> Arguments,
    IReadOnlyDictionary<string, Message>? Parts = null
)
{
    /// <summary>A message without arguments.</summary>
    public static Message Of(string code) => new(code, new Dictionary<string, string>(StringComparer.Ordinal));

    /// <summary>A message with named arguments; values are formatted independently of the culture, and passwords in them are hidden.</summary>
    public static Message Of(string code, params ReadOnlySpan<(string Name, object? Value)> arguments)
    {
        var values = new SortedDictionary<string, string>(StringComparer.Ordinal);
        SortedDictionary<string, Message>? parts = null;
        foreach (var (name, value) in arguments)
        {
            if (value is Message part)
            {
                (parts ??= new(StringComparer.Ordinal))[name] = part;
            }
            else
            {
                values[name] = Neutral(value);
            }
        }

        return new Message(code, values, parts);
    }

    /// <summary>The area: the part of the code before the first dot.</summary>
    [JsonIgnore]
    public string Area => Code[..Code.IndexOf('.', StringComparison.Ordinal)];

    public bool Equals(Message? other) =>
        other is not null
        && string.Equals(Code, other.Code, StringComparison.Ordinal)
        && Same(Arguments, other.Arguments)
        && Same(Parts, other.Parts);

    public override int GetHashCode() => Code.GetHashCode(StringComparison.Ordinal);

    /// <summary>The English text, for logs and debuggers.</summary>
    public override string ToString() => TextCatalog.English.Render(this);

    private static bool Same<T>(IReadOnlyDictionary<string, T>? one, IReadOnlyDictionary<string, T>? other) =>
        (one?.Count ?? 0) == (other?.Count ?? 0)
        && (one is null || one.All(a => other!.TryGetValue(a.Key, out var value) && Equals(value, a.Value)));

    private static string Neutral(object? value) =>
        value switch
        {
            null => "",
            string text => Secrets.OfProcess.Scrub(text),
            TimeSpan span => Durations.Short(span),
            DateTimeOffset at => at.ToUniversalTime().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => Secrets.OfProcess.Scrub(value.ToString() ?? ""),
        };
}
