using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>A file of SQL as its statements, split where psql would split it.</summary>
/// <param name="File">The file.</param>
/// <param name="Statements">In order.</param>
/// <param name="Unended">A quote or comment without an end, behind which nothing was read.</param>
internal sealed record StatementFile(ChangeFile File, IReadOnlyList<SqlStatement> Statements, UnendedText? Unended)
{
    public static StatementFile Read(ChangeFile file)
    {
        var (tokens, unended) = SqlLexer.Read(file.Text);
        var statements = new List<SqlStatement>();
        var current = new List<SqlToken>();
        var depth = 0;
        foreach (var token in tokens)
        {
            if (token.IsSymbol(';') && depth <= 0)
            {
                Keep();
                depth = 0;
                continue;
            }

            current.Add(token);
            depth += Opens(token, current, depth);
        }

        Keep();
        return new StatementFile(file, statements, unended);

        void Keep()
        {
            if (current.Count > 0)
            {
                statements.Add(new SqlStatement(file, statements.Count + 1, [.. current]));
                current.Clear();
            }
        }
    }

    /// <summary>What of it cannot be run statement by statement, with its line.</summary>
    public IReadOnlyList<Message> Mistakes() =>
        [
            .. Unended is null ? Array.Empty<Message>() : [UnendedMistake(Unended)],
            .. Statements.Count > 0 || Unended is not null
                ? Array.Empty<Message>()
                : [Message.Of("migrations.statements.none", ("file", File.Path))],
            .. Statements.Select(StatementRules.Refusal).OfType<Message>(),
        ];

    private Message UnendedMistake(UnendedText found) =>
        Message.Of(
            "migrations.statements.unended",
            ("file", File.Path),
            ("line", SqlStatement.LineOf(File.Text, found.Start)),
            ("opening", found.Opening)
        );

    /// <summary>A semicolon between parentheses, or in the body of a SQL-standard function, ends nothing.</summary>
    private static int Opens(SqlToken token, List<SqlToken> statement, int depth) =>
        token.IsSymbol('(') ? 1
        : token.IsSymbol(')') ? -1
        : !IsRoutine(statement) ? 0
        : token.IsWord("begin") || (depth > 0 && token.IsWord("case")) ? 1
        : depth > 0 && token.IsWord("end") ? -1
        : 0;

    private static bool IsRoutine(List<SqlToken> statement)
    {
        var kind = statement.Count > 3 && statement[1].IsWord("or") && statement[2].IsWord("replace") ? 3 : 1;
        return statement[0].IsWord("create")
            && statement.Count > kind
            && (statement[kind].IsWord("function") || statement[kind].IsWord("procedure"));
    }
}
