using Tidelock.Changes;
using Tidelock.Migrations.Statements;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>What a file of SQL does that stays done when its transaction is rolled back, as far as its own words tell.</summary>
internal static class LastingEffect
{
    /// <summary>Functions of PostgreSQL and its extensions; one that is called by a function of the database is not seen.</summary>
    private static readonly HashSet<string> Functions = new(StringComparer.Ordinal)
    {
        "setval",
        "pg_terminate_backend",
        "pg_cancel_backend",
        "pg_reload_conf",
        "pg_switch_wal",
        "pg_create_restore_point",
        "pg_promote",
        "lo_export",
        "pg_file_write",
        "dblink",
        "dblink_exec",
        "dblink_send_query",
    };

    /// <summary>The first such word, with its line; null where there is none.</summary>
    public static Message? Find(ChangeFile file)
    {
        var tokens = SqlLexer.Read(file.Text).Tokens;
        for (var i = 0; i < tokens.Count; i++)
        {
            var isCalled = i + 1 < tokens.Count && tokens[i + 1].IsSymbol('(');
            if (tokens[i].IsName && (isCalled ? Functions.Contains(tokens[i].Value) : IsProgram(tokens, i)))
            {
                return Message.Of(
                    "rehearsals.target.lasting",
                    ("file", file.Path),
                    ("line", SqlStatement.LineOf(file.Text, tokens[i].Start)),
                    ("word", tokens[i].Value)
                );
            }
        }

        return null;
    }

    /// <summary>COPY … TO PROGRAM and FROM PROGRAM.</summary>
    private static bool IsProgram(IReadOnlyList<SqlToken> tokens, int at) =>
        tokens[at].Value == "program" && at > 0 && tokens[at - 1] is { IsName: true, Value: "to" or "from" };
}
