using System.Globalization;
using System.Text;

namespace Tidelock.Policies;

/// <summary>
/// One form of a name whichever way it was typed: a Mac takes Hangul and letters with accents apart, a Korean keyboard has letters of full
/// width, and spaces come in many kinds. By arithmetic, because the program carries no tables of Unicode.
/// </summary>
internal static class WrittenName
{
    private const int Syllables = 0xAC00;
    private const int Leads = 0x1100;
    private const int Vowels = 0x1161;
    private const int Tails = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TailCount = 28;

    /// <summary>The base letters of U+00C0 to U+017F; a letter that has none stands for itself.</summary>
    private const string Bases =
        "AAAAAAÆCEEEEIIIIÐNOOOOO×OUUUUYÞßaaaaaaæceeeeiiiiðnooooo÷ouuuuyþy"
        + "AaAaAaCcCcCcCcDdDdEeEeEeEeEeGgGgGgGgHhHhIiIiIiIiIiĲĳJjKkĸLlLlLlLlLlNnNnNnŉŊŋOoOoOoŒœRrRrRrSsSsSsSsTtTtTtUuUuUuUuUuUuWwYyYZzZzZzs";

    /// <summary>Hangul in syllables, letters of usual width, one space between words.</summary>
    public static string Composed(string text)
    {
        var written = new StringBuilder(text.Length);
        foreach (var letter in text)
        {
            var usual = letter is >= '\uFF01' and <= '\uFF5E' ? (char)(letter - 0xFEE0) : letter;
            if (char.IsWhiteSpace(usual))
            {
                usual = ' ';
            }

            var last = written.Length > 0 ? written[^1] : ' ';
            if (Syllable(last, usual) is { } syllable)
            {
                written[^1] = syllable;
            }
            else if (char.GetUnicodeCategory(usual) != UnicodeCategory.Format && !(usual == ' ' && last == ' '))
            {
                written.Append(usual);
            }
        }

        return written.ToString().TrimEnd();
    }

    /// <summary>The same without accents: for where two names are in doubt one.</summary>
    public static string Plain(string text) =>
        string.Concat(
            Composed(text)
                .Where(c => char.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark)
                .Select(c => c is >= '\u00C0' and <= '\u017F' ? Bases[c - 0xC0] : c)
        );

    /// <summary>A lead and a vowel are a syllable, and one without a tail takes one; null for no Hangul.</summary>
    private static char? Syllable(char last, char next)
    {
        var (lead, vowel, tail) = (last - Leads, next - Vowels, next - Tails);
        return lead is >= 0 and < LeadCount && vowel is >= 0 and < VowelCount
                ? (char)(Syllables + (((lead * VowelCount) + vowel) * TailCount))
            : last is >= (char)Syllables and <= '\uD7A3'
            && (last - Syllables) % TailCount == 0
            && tail is > 0 and < TailCount
                ? (char)(last + tail)
            : null;
    }
}
