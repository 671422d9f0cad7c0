using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Backups.Restoring;

/// <summary>The empty database of a rehearsal, with the source's roles as stubs: owners and grantees that nobody can log in as.</summary>
internal static class CopyDatabase
{
    /// <summary>Makes roles and database; returns what differs from the source (its locale), or null.</summary>
    public static async Task<Message?> CreateAsync(
        PostgresSession session,
        string name,
        SourceSettings source,
        CancellationToken cancellation
    )
    {
        foreach (var role in source.Roles.Where(r => !string.Equals(r, "postgres", StringComparison.Ordinal)))
        {
            await session
                .ExecuteAsync($"create role {Identifiers.Quote(role)} nologin", cancellation)
                .ConfigureAwait(false);
        }

        try
        {
            await session
                .ExecuteAsync(
                    Statement(name, source.Encoding, source.Collate, source.CharacterType) + Provider(source),
                    cancellation
                )
                .ConfigureAwait(false);
            return null;
        }
        catch (PostgresException e)
            when (e.SqlState
                    is PostgresErrorCodes.WrongObjectType
                        or PostgresErrorCodes.InvalidParameterValue
                        or PostgresErrorCodes.FeatureNotSupported
            )
        {
            await session.ExecuteAsync(Statement(name, source.Encoding, "C", "C"), cancellation).ConfigureAwait(false);
            return Message.Of(
                "backups.rehearsal.locale",
                ("locale", source.Locale ?? source.Collate),
                ("reason", e.MessageText)
            );
        }
    }

    /// <summary>Whose rules order text: ICU and libc sort the same words otherwise.</summary>
    private static string Provider(SourceSettings source) =>
        source switch
        {
            { Provider: "i", Locale: { } locale, Rules: { } rules } =>
                $" locale_provider icu icu_locale {Identifiers.Literal(locale)} icu_rules {Identifiers.Literal(rules)}",
            { Provider: "i", Locale: { } locale } => $" locale_provider icu icu_locale {Identifiers.Literal(locale)}",
            { Provider: "b", Locale: { } locale } =>
                $" locale_provider builtin builtin_locale {Identifiers.Literal(locale)}",
            { Provider: "c" } => " locale_provider libc",
            _ => "",
        };

    private static string Statement(string name, string encoding, string collate, string characterType) =>
        $"""
            create database {Identifiers.Quote(name)} template template0 encoding {Identifiers.Literal(encoding)}
            lc_collate {Identifiers.Literal(collate)} lc_ctype {Identifiers.Literal(characterType)}
            """;
}
