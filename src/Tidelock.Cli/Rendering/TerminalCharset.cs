using System.Text;

namespace Tidelock.Cli.Rendering;

/// <summary>
/// The characters a terminal can show, by its locale. What is not UTF-8 gets what it has of them: Korean where it has Korean letters, and plain
/// marks in place of those it does not know. A file or a pipe always gets UTF-8.
/// </summary>
internal static class TerminalCharset
{
    private static readonly string[] Variables = ["LC_ALL", "LC_CTYPE", "LANG"];

    /// <summary>The set that the locale names; UTF-8 where it names none or one nobody knows.</summary>
    public static Encoding Of(IReadOnlyDictionary<string, string> variables)
    {
        var locale = Variables
            .Select(v => variables.GetValueOrDefault(v))
            .FirstOrDefault(v => !string.IsNullOrEmpty(v));
        return Name(locale ?? "") switch
        {
            "" or "utf8" => Utf8,
            "euckr" => Korean(51949),
            "cp949" or "uhc" => Korean(949),
            "iso88591" or "iso885915" or "cp1252" => Plain(Encoding.Latin1),
            "ascii" or "usascii" or "ansix341968" => Plain(Encoding.ASCII),
            _ => Utf8,
        };
    }

    /// <summary>Whether it has Korean letters.</summary>
    public static bool HasKorean(Encoding encoding) => encoding.CodePage is 65001 or 51949 or 949;

    private static Encoding Utf8 { get; } = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);

    private static Encoding Korean(int page) =>
        CodePagesEncodingProvider.Instance.GetEncoding(page, new PlainMarks(), DecoderFallback.ReplacementFallback)!;

    private static Encoding Plain(Encoding known) =>
        Encoding.GetEncoding(known.CodePage, new PlainMarks(), DecoderFallback.ReplacementFallback);

    /// <summary>What stands between the dot and the at sign, without signs and in small letters.</summary>
    private static string Name(string locale)
    {
        var from = locale.IndexOf('.', StringComparison.Ordinal) + 1;
        var set = from == 0 ? "" : locale[from..].Split('@')[0];
        return string.Concat(set.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();
    }
}
