using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>
/// Makes the database refuse DDL that would break a contract: two event triggers and their function, which looks at the catalogs before
/// and after each command. Sessions of a run go through; any error of its own is a warning, never a refusal.
/// </summary>
/// <param name="contract">With a relation; as the change says it.</param>
/// <param name="relation">The contract's.</param>
/// <param name="change">The change's name, for whoever is refused.</param>
/// <param name="way">How to take the lock away: <c>tidelock unlock …</c>.</param>
public sealed partial class ContractLock(Contract contract, RelationName relation, string change, string way)
{
    private readonly string name = NameOf(relation);

    /// <summary>Installs or renews the lock, in one transaction.</summary>
    /// <param name="session">Open and idle.</param>
    /// <param name="by">Who locks, for the triggers' comments.</param>
    /// <param name="texts">The language in which the database will refuse.</param>
    /// <param name="cancellation">Ends it; nothing is installed then.</param>
    /// <returns>Why it may not; null when it is locked. The contract's shape must hold.</returns>
    public async Task<Message?> InstallAsync(
        PostgresSession session,
        string by,
        TextCatalog texts,
        CancellationToken cancellation
    )
    {
        var transaction = await session.Connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            try
            {
                await session
                    .ExecuteAsync(
                        Fill(
                            SqlText.Beside<ContractLock>("ContractLock"),
                            ("body", Literal(await BodyAsync(session, texts, cancellation).ConfigureAwait(false))),
                            ("comment", Literal(texts.Render("contracts.lock.comment", About(("by", by)))))
                        ),
                        cancellation
                    )
                    .ConfigureAwait(false);
                await transaction.CommitAsync(cancellation).ConfigureAwait(false);
                return null;
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
            {
                return Message.Of(
                    "contracts.lock.not-allowed",
                    ("relation", relation),
                    ("role", session.Target.User),
                    ("reason", e.MessageText)
                );
            }
        }
    }

    /// <summary>Takes the lock away, in one transaction; nothing is to be done where there is none.</summary>
    /// <returns>Why it may not; null when there is no lock any more.</returns>
    public async Task<Message?> RemoveAsync(PostgresSession session, CancellationToken cancellation)
    {
        try
        {
            await session
                .ExecuteAsync(Fill(SqlText.Beside<ContractLock>("ContractUnlock")), cancellation)
                .ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return Message.Of(
                "contracts.lock.not-owner",
                ("relation", relation),
                ("role", session.Target.User),
                ("reason", e.MessageText)
            );
        }
    }

    /// <summary>The relation's columns are written down as the catalogs say them, so that the author's spelling of a type does not matter.</summary>
    private async Task<string> BodyAsync(PostgresSession session, TextCatalog texts, CancellationToken cancellation)
    {
        await session.ExecuteAsync("set local search_path = pg_catalog", cancellation).ConfigureAwait(false);
        var columns = await ContractVerifier.ColumnsAsync(session, relation, cancellation).ConfigureAwait(false);
        var required = contract.Columns.Where(c => c.NotNull).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        string Text(string code) => Literal(texts.Render(code, About()));
        return Fill(
            SqlText.Beside<ContractLock>("ContractLockBody"),
            ("relation", Literal(relation.Sql)),
            (
                "columns",
                string.Join(
                    ", ",
                    columns.Select(
                        (c, i) =>
                            $"({i + 1}, {Literal(c.Name)}, {Literal(c.Type)}, {(c.NotNull && required.Contains(c.Name) ? "true" : "false")})"
                    )
                )
            ),
            ("guards_definition", required.Count + contract.Unique.Count + contract.Rules.Count > 0 ? "true" : "false"),
            ("unchecked", Text("contracts.lock.unchecked")),
            ("broken", Text("contracts.lock.broken")),
            ("replaced", Text("contracts.lock.replaced")),
            ("now", Literal(texts.Render("contracts.lock.now"))),
            ("missing", Text("contracts.lock.missing")),
            ("hint", Text("contracts.lock.hint"))
        );
    }

    private (string, object?)[] About(params (string, object?)[] more) =>
        [("relation", relation), ("change", change), ("way", way), .. more];

    /// <summary>In one pass, so that braces in a name are only braces.</summary>
    private string Fill(string template, params (string Name, string Value)[] values)
    {
        var all = values.Append(("name", name)).ToDictionary(v => v.Item1, v => v.Item2, StringComparer.Ordinal);
        return Places().Replace(template, p => all[p.Groups["place"].Value]);
    }

    [GeneratedRegex(@"\{(?<place>\w+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Places();

    private static string NameOf(RelationName relation) =>
        "tidelock_lock_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(relation.Sql)).AsSpan(0, 8));

    private static string Literal(string text) => Identifiers.Literal(text);
}
