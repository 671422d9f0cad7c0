using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Tidelock.Texts;

/// <summary>
/// Keeps passwords out of what people and journals are told. Text from outside (a child's last words, a server's message, an exception)
/// becomes an argument of a <see cref="Message"/> before anybody reads or stores it, and every argument passes through here.
/// </summary>
public sealed partial class Secrets
{
    private const string Mask = "***";

    /// <summary>A shorter password may be part of any word, so it is only hidden where it stands alone.</summary>
    private const int TooShortToSearchWithinWords = 8;

    private ImmutableHashSet<string> forms = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    /// <summary>The passwords this process has used. They belong to the process, as its environment does; none is ever forgotten.</summary>
    public static Secrets OfProcess { get; } = new();

    /// <summary>A password, from now on hidden as it is, percent-encoded, and quoted as JSON or libpq quote it.</summary>
    /// <param name="password">Null or empty for none.</param>
    /// <param name="known">Names that are no secret although they read the same, such as the user's and the database's.</param>
    public void Add(string? password, params IEnumerable<string> known)
    {
        if (!string.IsNullOrEmpty(password) && !known.Contains(password, StringComparer.Ordinal))
        {
            ImmutableInterlocked.Update(ref forms, f => f.Union(FormsOf(password)));
        }
    }

    /// <summary>The text with <c>***</c> for each known password, and for whatever stands where connection strings have theirs.</summary>
    public string Scrub(string text)
    {
        foreach (var form in forms.OrderByDescending(f => f.Length))
        {
            text = Hide(text, form);
        }

        return Written(text) ? Pair().Replace(Address().Replace(text, "${before}" + Mask), "${before}" + Mask) : text;
    }

    /// <summary>Whether a password is written in this text where connection strings have theirs; a variable in its place is none.</summary>
    public static bool AreWrittenIn(string text) => Address().IsMatch(text) || Pair().IsMatch(text);

    /// <summary>Most texts have neither; they are not searched further.</summary>
    private static bool Written(string text) =>
        text.Contains("://", StringComparison.Ordinal) || text.Contains("passw", StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<string> FormsOf(string password)
    {
        var escaped = password.Replace("\\", "\\\\", StringComparison.Ordinal);
        return
        [
            password,
            Uri.EscapeDataString(password),
            escaped.Replace("\"", "\\\"", StringComparison.Ordinal),
            escaped.Replace("'", "\\'", StringComparison.Ordinal),
        ];
    }

    private static string Hide(string text, string form)
    {
        var from = 0;
        for (var at = Find(text, form, from); at >= 0; at = Find(text, form, from))
        {
            from = at + 1;
            if (form.Length >= TooShortToSearchWithinWords || StandsAlone(text, at, form.Length))
            {
                text = string.Concat(text.AsSpan(0, at), Mask, text.AsSpan(at + form.Length));
                from = at + Mask.Length;
            }
        }

        return text;
    }

    /// <summary>Percent-encoding is written with small and with capital digits.</summary>
    private static int Find(string text, string form, int from) =>
        from >= text.Length
            ? -1
            : text.IndexOf(
                form,
                from,
                form.Contains('%', StringComparison.Ordinal)
                    ? StringComparison.OrdinalIgnoreCase
                    : StringComparison.Ordinal
            );

    private static bool StandsAlone(string text, int at, int length) =>
        (at == 0 || !char.IsLetterOrDigit(text[at - 1]))
        && (at + length == text.Length || !char.IsLetterOrDigit(text[at + length]));

    /// <summary><c>postgresql://user:SECRET@host</c>.</summary>
    [GeneratedRegex(
        """(?<before>[a-z][a-z0-9+.-]*://[^\s/:@]*:)(?!\$\{|\*\*\*)[^\s/@]+(?=@)""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Address();

    /// <summary><c>password=SECRET</c> of a connection string or an address, <c>PGPASSWORD=SECRET</c>, SQL's <c>password 'SECRET'</c>.</summary>
    [GeneratedRegex(
        """(?<before>\b(pg|ssl)?passw(or)?d(\s*=\s*|\s+(?=')))(?!['"]?(\$\{|\*\*\*))('([^'\\]|\\.|'')+'|"[^"]+"|[^\s;&,'"]+)""",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Pair();
}
