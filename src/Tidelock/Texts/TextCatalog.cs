using System.Collections.Concurrent;
using System.Globalization;
using System.Resources;
using System.Text;

namespace Tidelock.Texts;

/// <summary>
/// Renders messages in one language from the resource files of this folder. Placeholders are named: <c>{relation}</c>.
/// A code without a text is a defect that a test finds; at run time it renders as the code with its arguments, so nothing is lost.
/// </summary>
public sealed class TextCatalog
{
    private static readonly ConcurrentDictionary<string, ResourceManager> Areas = new(StringComparer.Ordinal);

    private readonly CultureInfo culture;

    private TextCatalog(string language) => culture = CultureInfo.GetCultureInfo(language);

    public static TextCatalog English { get; } = new("en");

    public static TextCatalog Korean { get; } = new("ko");

    /// <summary>The two-letter language of this catalog. Not the culture's TwoLetterISOLanguageName: that is "iv" without ICU.</summary>
    public string Language => culture.Name;

    /// <summary>The catalog for a language or locale name (<c>ko</c>, <c>ko_KR.UTF-8</c>); English for everything else.</summary>
    public static TextCatalog For(string? locale) =>
        locale is not null && locale.StartsWith("ko", StringComparison.OrdinalIgnoreCase) ? Korean : English;

    public string Render(string code, params ReadOnlySpan<(string Name, object? Value)> arguments) =>
        Render(Message.Of(code, arguments));

    public string Render(Message message)
    {
        var format = Find(message);
        return format is null ? Unknown(message) : Fill(format, message);
    }

    private string? Find(Message message)
    {
        var area = char.ToUpperInvariant(message.Code[0]) + message.Area[1..];
        try
        {
            return Areas
                .GetOrAdd(area, name => new ResourceManager($"Tidelock.Texts.{name}", typeof(TextCatalog).Assembly))
                .GetString(message.Code, culture);
        }
        catch (MissingManifestResourceException)
        {
            return null;
        }
    }

    private static string Unknown(Message message) =>
        message.Arguments.Count == 0
            ? message.Code
            : $"{message.Code} ({string.Join(", ", message.Arguments.Select(a => $"{a.Key}={a.Value}"))})";

    private string Fill(string format, Message message)
    {
        var text = new StringBuilder(format.Length + 64);
        var rest = format.AsSpan();
        while (!rest.IsEmpty)
        {
            var open = rest.IndexOf('{');
            var close = open < 0 ? -1 : rest[open..].IndexOf('}');
            if (close < 0)
            {
                return text.Append(rest).ToString();
            }

            text.Append(rest[..open]);
            var name = rest.Slice(open + 1, close - 1).ToString();
            text.Append(Value(message, name));
            rest = rest[(open + close + 1)..];
        }

        return text.ToString();
    }

    private string Value(Message message, string name) =>
        message.Parts?.TryGetValue(name, out var part) == true ? Render(part)
        : message.Arguments.TryGetValue(name, out var value) ? value
        : $"{{{name}}}";
}
