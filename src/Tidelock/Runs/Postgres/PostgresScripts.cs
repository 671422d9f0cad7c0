using Tidelock.Postgres;

namespace Tidelock.Runs.Postgres;

/// <summary>Brings the schema to this version: numbered scripts in one transaction, under an advisory lock taken first.</summary>
internal static class PostgresScripts
{
    private const long LockKey = 0x7464_6c6b_6a72_6e6c; // "tdlkjrnl"

    private static readonly string[] Scripts = ["001_journal.sql"];

    public static async Task<int> ApplyAsync(PostgresSession session, CancellationToken cancellation)
    {
        await using var transaction = await session
            .Connection.BeginTransactionAsync(cancellation)
            .ConfigureAwait(false);
        await session
            .ExecuteAsync(FormattableString.Invariant($"select pg_advisory_xact_lock({LockKey})"), cancellation)
            .ConfigureAwait(false);
        var version = await VersionAsync(session, cancellation).ConfigureAwait(false);
        if (version > Scripts.Length)
        {
            throw new JournalUnwritableException(
                session.Target.ToString(),
                $"it was written by a newer version ({version})"
            );
        }

        foreach (var script in Scripts.Skip(version))
        {
            await session.ExecuteAsync(Read(script), cancellation).ConfigureAwait(false);
        }

        if (version < Scripts.Length)
        {
            await session
                .ExecuteAsync(
                    FormattableString.Invariant(
                        $"comment on schema tidelock is 'Tidelock journal, version {Scripts.Length}'"
                    ),
                    cancellation
                )
                .ConfigureAwait(false);
        }

        await transaction.CommitAsync(cancellation).ConfigureAwait(false);
        return Scripts.Length;
    }

    private static async Task<int> VersionAsync(PostgresSession session, CancellationToken cancellation) =>
        await session
            .ScalarAsync<int>(
                """
                select substring(obj_description(oid, 'pg_namespace') from 'version (\d+)')::int
                  from pg_namespace where nspname = 'tidelock' and to_regclass('tidelock.events') is not null
                """,
                cancellation
            )
            .ConfigureAwait(false);

    private static string Read(string script)
    {
        using var stream = typeof(PostgresScripts).Assembly.GetManifestResourceStream(
            $"Tidelock.Runs.Postgres.{script}"
        )!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
