using System.Globalization;
using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>Makes an empty database that has everything another one has around its contents.</summary>
internal static class DatabaseCopying
{
    /// <summary>Creates it from template0. PUBLIC may enter it as far as PUBLIC may enter the other, once <see cref="ApplyAsync"/> was called too.</summary>
    /// <exception cref="PostgresException">It may not be created.</exception>
    public static Task CreateAsync(
        PostgresSession session,
        DatabaseProperties model,
        string name,
        CancellationToken cancellation
    ) => session.ExecuteAsync(CreateSql(model, name, session.Connection.PostgreSqlVersion.Major), cancellation);

    /// <summary>
    /// Gives a database what the other has: limit, grants with who gave them, labels, settings. May be called again, also after the other was
    /// altered. The comment is not set.
    /// </summary>
    /// <param name="session">In another database.</param>
    /// <param name="model">The other one.</param>
    /// <param name="oid">The copy.</param>
    /// <param name="cancellation">Ends it; then nothing was changed.</param>
    /// <exception cref="TidelockException"><c>postgres.swap.not-copied</c>: what could not be given, and why.</exception>
    public static async Task ApplyAsync(
        PostgresSession session,
        DatabaseProperties model,
        uint oid,
        CancellationToken cancellation
    )
    {
        var copy = await DatabaseProperties.RequireAsync(session, oid, cancellation).ConfigureAwait(false);
        var name = Identifiers.Quote(copy.Name);
        var role = (
            await session.ScalarAsync<string>("select current_setting('role')", cancellation).ConfigureAwait(false)
        )!;
        string[] statements =
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"alter database {name} with connection limit {model.ConnectionLimit}"
            ),
            .. Grants(model, copy, role),
            .. model.Labels.Select(l =>
                $"security label for {Identifiers.Quote(l.Provider)} on database {name} is {Identifiers.Literal(l.Label)}"
            ),
            .. copy
                .Settings.Concat(model.Settings)
                .Select(s => s.Role)
                .Distinct(StringComparer.Ordinal)
                .Select(r => DatabaseSetting.ResetSql(copy.Name, r)),
            .. model.Settings.Select(s => s.Sql(copy.Name)),
        ];
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        foreach (var statement in statements)
        {
            await GiveAsync(session, model, statement, cancellation).ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        var now = await DatabaseProperties.RequireAsync(session, oid, cancellation).ConfigureAwait(false);
        if (model.Differences(now) is [_, ..] differences)
        {
            throw NotCopied(model, string.Join(", ", differences), Message.Of("postgres.swap.still-different"));
        }
    }

    private static async Task GiveAsync(
        PostgresSession session,
        DatabaseProperties model,
        string statement,
        CancellationToken cancellation
    )
    {
        try
        {
            await session.ExecuteAsync(statement, cancellation).ConfigureAwait(false);
        }
        catch (PostgresException e)
        {
            throw NotCopied(
                model,
                statement,
                Message.Of("postgres.swap.reason", ("reason", e.MessageText), ("code", e.SqlState))
            );
        }
    }

    private static TidelockException NotCopied(DatabaseProperties model, string what, Message reason) =>
        new(
            Message.Of("postgres.swap.not-copied", ("database", model.Name), ("what", what), ("reason", reason)),
            ExitCode.NeedsPerson
        );

    private static string CreateSql(DatabaseProperties model, string name, int major)
    {
        var options = new List<string>
        {
            $"create database {Identifiers.Quote(name)} template template0",
            $"owner {Identifiers.Quote(model.Owner)}",
            $"encoding {Identifiers.Literal(model.Encoding)}",
            $"lc_collate {Identifiers.Literal(model.Collate)}",
            $"lc_ctype {Identifiers.Literal(model.CharacterType)}",
        };
        if (major >= 15)
        {
            options.Add(
                model.Provider switch
                {
                    "i" => $"locale_provider icu icu_locale {Identifiers.Literal(model.Locale ?? "")}",
                    "b" => $"locale_provider builtin builtin_locale {Identifiers.Literal(model.Locale ?? "")}",
                    _ => "locale_provider libc",
                }
            );
        }

        if (model.Rules is { } rules)
        {
            options.Add($"icu_rules {Identifiers.Literal(rules)}");
        }

        if (model.Tablespace is { } tablespace)
        {
            options.Add($"tablespace {Identifiers.Quote(tablespace)}");
        }

        return string.Join(' ', options);
    }

    /// <summary>Each grant is given by its own grantor, after what that one has it from; then we are in our role again.</summary>
    private static IEnumerable<string> Grants(DatabaseProperties model, DatabaseProperties copy, string role)
    {
        if (model.Grants.ToHashSet().SetEquals(copy.Grants))
        {
            return [];
        }

        var on = $"on database {Identifiers.Quote(copy.Name)}";
        var revoked = copy
            .Grants.Where(g => g.Grantor == copy.Owner)
            .Select(Grantee)
            .Distinct(StringComparer.Ordinal)
            .Select(g => As(copy.Owner, $"revoke all {on} from {g} cascade", role));
        return
        [
            .. revoked,
            .. InOrder(model)
                .Select(g =>
                    As(
                        g.Grantor,
                        $"grant {g.Privilege} {on} to {Grantee(g)}" + (g.IsGrantable ? " with grant option" : ""),
                        role
                    )
                ),
        ];
    }

    private static string As(string grantor, string statement, string role) =>
        $"set local role {Identifiers.Quote(grantor)}; {statement}; set local role {(role is "none" ? role : Identifiers.Quote(role))}";

    private static string Grantee(DatabaseGrant grant) =>
        grant.Grantee is { } role ? Identifiers.Quote(role) : "public";

    private static List<DatabaseGrant> InOrder(DatabaseProperties model)
    {
        var left = model.Grants.ToList();
        var ordered = new List<DatabaseGrant>(left.Count);
        while (left.Count > 0)
        {
            var next = left.FindAll(g =>
                g.Grantor == model.Owner
                || ordered.Exists(o => o.IsGrantable && o.Grantee == g.Grantor && o.Privilege == g.Privilege)
            );
            next = next.Count > 0 ? next : [.. left];
            ordered.AddRange(next);
            left.RemoveAll(next.Contains);
        }

        return ordered;
    }
}
