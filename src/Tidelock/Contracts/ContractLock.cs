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
    /// <summary>COMMIT does not wait for a standby that is away, nor a statement for a lock without end.</summary>
    private const string Bounded =
        "set local synchronous_commit = local; set local lock_timeout = '5s'; set local statement_timeout = '30s'";

    private static readonly TimeSpan CommitLimit = TimeSpan.FromSeconds(15);
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
                await session.ExecuteAsync(Bounded, cancellation).ConfigureAwait(false);
                var columns = await NowAsync(session, relation, cancellation).ConfigureAwait(false);
                if (ShapeDrift.Find(contract, columns) is { Count: > 0 } drift)
                {
                    return Several.Of(drift);
                }

                if (await StrangerAsync(session, cancellation).ConfigureAwait(false) is { } owner)
                {
                    return Message.Of("contracts.lock.strange-schema", ("relation", relation), ("owner", owner));
                }

                await session
                    .ExecuteAsync(
                        Fill(
                            SqlText.Beside<ContractLock>("ContractLock"),
                            ("body", Literal(Body(columns, texts))),
                            ("columns", Literal(Mark(columns))),
                            ("comment", Literal(texts.Render("contracts.lock.comment", About(("by", by)))))
                        ),
                        cancellation
                    )
                    .ConfigureAwait(false);
                await CommitAsync(transaction, session, cancellation).ConfigureAwait(false);
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

    /// <summary>What is wrong with a lock that is there: its relation no longer has the columns that were locked, so that it guards nothing.</summary>
    /// <returns>Null where there is no lock; none where it guards what is there.</returns>
    public static async Task<IReadOnlyList<Message>?> FindingsAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    )
    {
        var mark = await session
            .ScalarAsync<string>(
                """
                select coalesce(obj_description(p.oid, 'pg_proc'), '') from pg_proc p join pg_namespace n on n.oid = p.pronamespace
                where n.nspname = 'tidelock' and p.proname = $1
                """,
                cancellation,
                new NpgsqlParameter { Value = NameOf(relation) }
            )
            .ConfigureAwait(false);
        if (mark is null)
        {
            return null;
        }

        var transaction = await session.Connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using (transaction.ConfigureAwait(false))
        {
            var columns = await NowAsync(session, relation, cancellation).ConfigureAwait(false);
            return mark == Mark(columns) ? [] : [Message.Of("contracts.lock.stale", ("relation", relation))];
        }
    }

    /// <summary>Takes the lock away, in one transaction; nothing is to be done where there is none.</summary>
    /// <returns>Why it may not; null when there is no lock any more.</returns>
    public async Task<Message?> RemoveAsync(PostgresSession session, CancellationToken cancellation)
    {
        var transaction = await session.Connection.BeginTransactionAsync(cancellation).ConfigureAwait(false);
        await using var ending = transaction.ConfigureAwait(false);
        try
        {
            await session
                .ExecuteAsync($"{Bounded}; {Fill(SqlText.Beside<ContractLock>("ContractUnlock"))}", cancellation)
                .ConfigureAwait(false);
            await CommitAsync(transaction, session, cancellation).ConfigureAwait(false);
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

    /// <summary>Without an answer in time nobody knows here whether it was done: locking and unlocking may be done again.</summary>
    private static async Task CommitAsync(
        NpgsqlTransaction transaction,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(CommitLimit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        try
        {
            await transaction.CommitAsync(either.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            throw new TidelockException(
                Message.Of("contracts.lock.no-answer", ("target", session.Target), ("limit", CommitLimit)),
                ExitCode.NeedsPerson,
                e
            );
        }
    }

    /// <summary>The relation's columns as the catalogs say them, so that the author's spelling of a type does not matter.</summary>
    /// <param name="session">In a transaction.</param>
    private static async Task<List<ContractColumn>> NowAsync(
        PostgresSession session,
        RelationName relation,
        CancellationToken cancellation
    )
    {
        await session.ExecuteAsync("set local search_path = pg_catalog", cancellation).ConfigureAwait(false);
        return await ContractVerifier.ColumnsAsync(session, relation, cancellation).ConfigureAwait(false);
    }

    /// <summary>Who owns a schema of our name and is neither we nor a superuser: he could put his own code there.</summary>
    private static Task<string?> StrangerAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<string>(
            """
            select r.rolname::text from pg_namespace n join pg_roles r on r.oid = n.nspowner
            where n.nspname = 'tidelock' and not r.rolsuper and r.rolname <> current_user
            """,
            cancellation
        );

    private string Body(IReadOnlyList<ContractColumn> columns, TextCatalog texts)
    {
        var required = contract.Columns.Where(c => c.NotNull).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var rows = columns.Select(
            (c, i) => $"({i + 1}, {Literal(c.Name)}, {Literal(c.Type)}, {Bool(c.NotNull && required.Contains(c.Name))})"
        );
        return Fill(
            SqlText.Beside<ContractLock>("ContractLockBody"),
            ("schema", Literal(relation.Schema)),
            ("relation", Literal(relation.Name)),
            ("columns", string.Join(", ", rows)),
            ("guards_definition", Bool(required.Count + contract.Unique.Count + contract.Rules.Count > 0)),
            ("unchecked", Text("contracts.lock.unchecked")),
            ("broken", Text("contracts.lock.broken")),
            ("replaced", Text("contracts.lock.replaced")),
            ("now", Text("contracts.lock.now")),
            ("missing", Text("contracts.lock.missing")),
            ("hint", Text("contracts.lock.hint"))
        );

        string Text(string code) => Literal(texts.Render(code, About()));
    }

    /// <summary>What was locked, in short.</summary>
    private static string Mark(IEnumerable<ContractColumn> columns) =>
        Digest(string.Join(", ", columns.Select(c => $"{Identifiers.Quote(c.Name)} {c.Type}")));

    private static string Bool(bool value) => value ? "true" : "false";

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

    private static string NameOf(RelationName relation) => "tidelock_lock_" + Digest(relation.Sql)[..16];

    private static string Digest(string text) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static string Literal(string text) => Identifiers.Literal(text);
}
