namespace Tidelock.Migrations.Statements;

/// <summary>A piece of SQL text that PostgreSQL reads as one.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Value">A word in lower case, a quoted name or literal without its quotes, else as written.</param>
/// <param name="Start">Where it begins in the text.</param>
/// <param name="End">And the place behind it.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Value, int Start, int End)
{
    public bool IsWord(string word) => Kind == SqlTokenKind.Word && Value == word;

    public bool IsSymbol(char symbol) => Kind == SqlTokenKind.Symbol && Value[0] == symbol;

    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.Name;
}

internal enum SqlTokenKind
{
    /// <summary>A key word, an unquoted name, a number.</summary>
    Word,

    /// <summary>A name in double quotes.</summary>
    Name,

    /// <summary>A string with plain quotes: its value is exact.</summary>
    Literal,

    /// <summary>A string of another form, whose value is not worked out: E'…', U&amp;'…', $$…$$.</summary>
    Opaque,

    /// <summary>One character of anything else.</summary>
    Symbol,
}

/// <summary>A quote or comment that has no end.</summary>
/// <param name="Opening">What opens it.</param>
/// <param name="Start">Where.</param>
internal sealed record UnendedText(string Opening, int Start);
