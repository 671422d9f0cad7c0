using System.Text.RegularExpressions;
using Tidelock.Postgres;

namespace Tidelock.Migrations.Statements;

/// <summary>Anything else: only the server's answer says what became of it.</summary>
/// <param name="MayCommitWithin">Whether it may commit a part of its work on its own.</param>
internal sealed partial record OtherStatement(bool MayCommitWithin) : StatementKind
{
    public override bool LeavesHalf => MayCommitWithin;

    public static OtherStatement Read(SqlStatement statement) =>
        new(
            statement.Begins("call")
                || (statement.Begins("do") && statement.Tokens.Any(t => EndsTransactions().IsMatch(t.Value)))
        );

    public override Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult(StatementFate.Unknown);

    [GeneratedRegex(@"\b(commit|rollback|call)\b", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex EndsTransactions();
}
