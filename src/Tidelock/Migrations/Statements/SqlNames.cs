using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>Goes over the tokens of a statement.</summary>
internal sealed class SqlNames(IReadOnlyList<SqlToken> tokens, int start)
{
    private int at = start;

    public bool IsAtEnd => at >= tokens.Count;

    /// <summary>Passes over these words if they stand here.</summary>
    public bool Takes(params string[] words)
    {
        if (words.Where((w, i) => at + i >= tokens.Count || !tokens[at + i].IsWord(w)).Any())
        {
            return false;
        }

        at += words.Length;
        return true;
    }

    /// <summary>Passes over ALTER TABLE and the table, as SQL; null where it is another statement.</summary>
    public string? TakesTable()
    {
        if (!Takes("alter", "table"))
        {
            return null;
        }

        _ = Takes("if", "exists");
        _ = Takes("only");
        var table = QualifiedName();
        _ = TakesSymbol('*');
        return table;
    }

    public bool TakesSymbol(char symbol)
    {
        if (IsAtEnd || !tokens[at].IsSymbol(symbol))
        {
            return false;
        }

        at++;
        return true;
    }

    /// <summary>Passes over a list in parentheses if one stands here.</summary>
    /// <returns>Its words.</returns>
    public IReadOnlyList<string> Parentheses()
    {
        var words = new List<string>();
        if (TakesSymbol('('))
        {
            while (!IsAtEnd && !TakesSymbol(')'))
            {
                words.Add(tokens[at++].Value);
            }
        }

        return words;
    }

    /// <summary>One name; null where there is none.</summary>
    public string? Name() => !IsAtEnd && tokens[at].IsName ? tokens[at++].Value : null;

    /// <summary>A name with what stands before its dots, quoted as SQL; null where there is none.</summary>
    public string? QualifiedName()
    {
        if (Name() is not { } first)
        {
            return null;
        }

        var sql = Identifiers.Quote(first);
        while (TakesSymbol('.') && Name() is { } next)
        {
            sql += "." + Identifiers.Quote(next);
        }

        return sql;
    }

    /// <summary>The exact value of a plain string; null where there is none.</summary>
    public string? Literal() => !IsAtEnd && tokens[at].Kind == SqlTokenKind.Literal ? tokens[at++].Value : null;
}
