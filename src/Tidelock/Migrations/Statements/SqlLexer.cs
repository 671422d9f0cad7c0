namespace Tidelock.Migrations.Statements;

/// <summary>
/// Reads SQL as PostgreSQL's own lexer does with standard_conforming_strings on: nested comments, E and U&amp; strings, strings that go
/// on behind a line end, dollar quotes, quoted names.
/// </summary>
internal sealed class SqlLexer(string text)
{
    private readonly List<SqlToken> tokens = [];
    private UnendedText? unended;
    private int at;

    /// <summary>All tokens; those before the place where something has no end.</summary>
    public static (IReadOnlyList<SqlToken> Tokens, UnendedText? Unended) Read(string text)
    {
        var lexer = new SqlLexer(text);
        while (lexer.unended is null && lexer.at < text.Length)
        {
            lexer.Next();
        }

        return (lexer.tokens, lexer.unended);
    }

    private void Next()
    {
        var c = text[at];
        if (char.IsWhiteSpace(c) || c == '\uFEFF')
        {
            at++;
        }
        else if (Sees("--"))
        {
            SkipLine();
        }
        else if (Sees("/*"))
        {
            SkipComment();
        }
        else if (c == '\'')
        {
            String(at, escapes: false, SqlTokenKind.Literal);
        }
        else if (c == '"')
        {
            Name(at, SqlTokenKind.Name);
        }
        else if (c == '$' && DollarTag() is { } tag)
        {
            DollarString(tag);
        }
        else if (IsWordStart(c) || char.IsAsciiDigit(c))
        {
            Word();
        }
        else
        {
            Add(SqlTokenKind.Symbol, text[at].ToString(), at, at + 1);
        }
    }

    private void Word()
    {
        var start = at;
        var prefix = char.ToLowerInvariant(text[at]);
        if (prefix is 'e' or 'b' or 'x' or 'n' && Peek(1) == '\'')
        {
            at++;
            String(start, prefix == 'e', SqlTokenKind.Opaque);
            return;
        }

        if (prefix == 'u' && Peek(1) == '&' && Peek(2) is '\'' or '"')
        {
            at += 2;
            if (text[at] == '"')
            {
                Name(start, SqlTokenKind.Opaque);
            }
            else
            {
                String(start, escapes: false, SqlTokenKind.Opaque);
            }

            return;
        }

        var end = at + 1;
        while (end < text.Length && (IsWordStart(text[end]) || char.IsAsciiDigit(text[end]) || text[end] == '$'))
        {
            end++;
        }

        Add(SqlTokenKind.Word, Folded(text[start..end]), start, end);
    }

    private void String(int start, bool escapes, SqlTokenKind kind)
    {
        var value = "";
        do
        {
            var close = Closing('\'', escapes);
            if (close < 0)
            {
                unended = new UnendedText(text[start..(at + 1)], start);
                return;
            }

            value += text[(at + 1)..close].Replace("''", "'", StringComparison.Ordinal);
            at = close + 1;
        } while (GoesOn());

        Add(kind, value, start, at);
    }

    private void Name(int start, SqlTokenKind kind)
    {
        var close = Closing('"', escapes: false);
        if (close < 0)
        {
            unended = new UnendedText(text[start..(at + 1)], start);
            return;
        }

        var value = text[(at + 1)..close].Replace("\"\"", "\"", StringComparison.Ordinal);
        Add(kind, value, start, close + 1);
    }

    /// <summary>Where the quote that opens at the present place closes; -1 for nowhere.</summary>
    private int Closing(char quote, bool escapes)
    {
        for (var i = at + 1; i < text.Length; i++)
        {
            if (escapes && text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == quote)
            {
                if (i + 1 >= text.Length || text[i + 1] != quote)
                {
                    return i;
                }

                i++;
            }
        }

        return -1;
    }

    /// <summary>Whether the string goes on in quotes behind a line end; moves there.</summary>
    private bool GoesOn()
    {
        var (i, lines) = (at, false);
        while (i < text.Length && (char.IsWhiteSpace(text[i]) || string.CompareOrdinal(text, i, "--", 0, 2) == 0))
        {
            lines |= text[i] is '\n' or '\r';
            i = text[i] == '-' ? LineEnd(i) : i + 1;
        }

        if (!lines || i >= text.Length || text[i] != '\'')
        {
            return false;
        }

        at = i;
        return true;
    }

    private string? DollarTag()
    {
        var end = at + 1;
        while (end < text.Length && (IsWordStart(text[end]) || (end > at + 1 && char.IsAsciiDigit(text[end]))))
        {
            end++;
        }

        return end < text.Length && text[end] == '$' ? text[at..(end + 1)] : null;
    }

    private void DollarString(string tag)
    {
        var close = text.IndexOf(tag, at + tag.Length, StringComparison.Ordinal);
        if (close < 0)
        {
            unended = new UnendedText(tag, at);
            return;
        }

        Add(SqlTokenKind.Opaque, text[(at + tag.Length)..close], at, close + tag.Length);
    }

    private void SkipLine() => at = LineEnd(at);

    private int LineEnd(int from)
    {
        var end = text.AsSpan(from).IndexOfAny('\n', '\r');
        return end < 0 ? text.Length : from + end;
    }

    private void SkipComment()
    {
        var (start, depth) = (at, 0);
        do
        {
            if (at >= text.Length)
            {
                unended = new UnendedText("/*", start);
                return;
            }

            var step =
                Sees("/*") ? 1
                : Sees("*/") ? -1
                : 0;
            depth += step;
            at += step == 0 ? 1 : 2;
        } while (depth > 0);
    }

    private void Add(SqlTokenKind kind, string value, int start, int end)
    {
        tokens.Add(new SqlToken(kind, value, start, end));
        at = end;
    }

    private bool Sees(string what) => string.CompareOrdinal(text, at, what, 0, what.Length) == 0;

    private char Peek(int ahead) => at + ahead < text.Length ? text[at + ahead] : '\0';

    /// <summary>As PostgreSQL folds names in UTF-8: other letters than A–Z keep their case.</summary>
    private static string Folded(string word) =>
        string.Concat(word.Select(c => char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c));

    private static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c == '_' || c > '\u007F';
}
