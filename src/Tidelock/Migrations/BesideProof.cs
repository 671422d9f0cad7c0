using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Proves that a closure that was built elsewhere and moved is what creating it in its place would have given: every dependent's
/// captured definition is created once more as a view, which must read the same and hang on the same objects, and all else must be
/// as captured. Functions, policies and the like were created in their place from their captured text.
/// </summary>
internal static class BesideProof
{
    /// <summary>What is another; null when all is as it should be.</summary>
    public static async Task<Message?> FailedAsync(
        OpenTry open,
        RelationName name,
        RelationClosure wanted,
        string schema,
        CancellationToken cancellation
    )
    {
        var read = await ClosureCapture.ReadAsync(open.Session, name, cancellation).ConfigureAwait(false);
        var others = ClosureComparison
            .Unexpected(ClosureComparison.Differences(wanted, read.ClosureOrNull), name)
            .Where(d =>
                d.Part != ClosurePart.Definition
                && d is not { Part: ClosurePart.Object, Before: not null, After: not null }
            )
            .Select(d => $"{d.Relation}: {d.What}")
            .ToList();
        foreach (var dependent in wanted.Dependents)
        {
            if (!await open.LookAsync(name, () => IsSameAsync(open, dependent, schema, cancellation), cancellation))
            {
                others.Add($"{dependent.Name}: definition");
            }
        }

        return others.Count == 0
            ? null
            : Message.Of("migrations.beside.other", ("things", string.Join(", ", others.Take(5))));
    }

    private static async Task<bool> IsSameAsync(
        OpenTry open,
        CapturedRelation dependent,
        string schema,
        CancellationToken cancellation
    )
    {
        var proof = new RelationName(schema, "proof");
        await open.ExecuteAsync($"create view {proof.Sql} as\n{dependent.Definition}", dependent.Name, cancellation)
            .ConfigureAwait(false);
        return await open
            .Session.ScalarAsync<bool>(
                SqlText.Beside<OpenTry>("SameDefinition"),
                cancellation,
                new NpgsqlParameter { Value = dependent.Name.Sql },
                new NpgsqlParameter { Value = proof.Sql }
            )
            .ConfigureAwait(false);
    }
}
