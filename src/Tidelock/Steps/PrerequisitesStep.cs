using Tidelock.Backups;
using Tidelock.Gates;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Steps;

/// <summary>S1: the right server, the right to change it, the programs at hand, and nobody in the way.</summary>
internal sealed class PrerequisitesStep(BackupPrograms programs) : IStep
{
    private const int OldestMajor = 14;

    public string Name => "prerequisites";

    public async Task<StepOutcome> RunAsync(StepContext context, CancellationToken cancellation)
    {
        var pooler = await PoolerDetection
            .FindAsync(context.Target, context.ApplicationName, cancellation)
            .ConfigureAwait(false);
        if (pooler != PoolerKind.None)
        {
            return StepOutcome.Refused(Message.Of("steps.prerequisites.pooler", ("target", context.Target)));
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        var refusal =
            Server(context, identity)
            ?? await StandbysAsync(context, session, cancellation).ConfigureAwait(false)
            ?? await PrivilegesAsync(context, session, cancellation).ConfigureAwait(false)
            ?? await DumpAsync(context, session, cancellation).ConfigureAwait(false);
        if (refusal is not null)
        {
            return StepOutcome.Refused(refusal);
        }

        if (NeedsPrograms(context))
        {
            await programs.FindAsync(identity.Major, cancellation).ConfigureAwait(false);
        }

        var clocks = await ClockDrift.ReadAsync(session, context.Time, cancellation).ConfigureAwait(false);
        if (clocks.Problem(context.Time.GetUtcNow()) is { } off)
        {
            return StepOutcome.Refused(off);
        }

        return StepOutcome.Passed(
            clocks.Beside(
                Message.Of(
                    "steps.prerequisites.passed",
                    ("target", context.Target),
                    ("version", Version(identity)),
                    ("user", context.Target.User)
                )
            )
        );
    }

    private static bool NeedsPrograms(StepContext context)
    {
        var gates = context.Change.Section<GateOptions>();
        return gates.BackupLevel != GateLevel.Off && gates.Backup.By is BackupSource.PgDump or BackupSource.File;
    }

    private static Message? Server(StepContext context, ServerIdentity identity) =>
        identity.InRecovery ? Message.Of("steps.prerequisites.standby", ("target", context.Target))
        : identity.Major < OldestMajor
            ? Message.Of(
                "steps.prerequisites.too-old",
                ("target", context.Target),
                ("version", Version(identity)),
                ("oldest", OldestMajor)
            )
        : null;

    /// <summary>A COMMIT that waits for a missing synchronous standby would hold its locks without end.</summary>
    private static async Task<Message?> StandbysAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var names = await session
            .ScalarAsync<string>("select current_setting('synchronous_standby_names')", cancellation)
            .ConfigureAwait(false);
        var there = await session
            .ScalarAsync<long>(
                "select count(*) from pg_stat_get_wal_senders() where sync_state in ('sync', 'quorum')",
                cancellation
            )
            .ConfigureAwait(false);
        if (
            !string.IsNullOrEmpty(names)
            && there == 0
            && !await MaySeeAsync(session, cancellation).ConfigureAwait(false)
        )
        {
            return Message.Of(
                "steps.prerequisites.standby-unseen",
                ("target", context.Target),
                ("user", context.Target.User)
            );
        }

        return string.IsNullOrEmpty(names) || there > 0
            ? null
            : Message.Of("steps.prerequisites.no-standby", ("target", context.Target), ("names", names));
    }

    private static Task<bool> MaySeeAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<bool>("select pg_has_role('pg_read_all_stats', 'USAGE')", cancellation);

    private static async Task<Message?> PrivilegesAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        if (RunBaseline.RelationOf(context.Change) is not { } relation)
        {
            return null;
        }

        var missing = await session
            .QueryAsync(
                Privileges,
                r => (r.GetString(0), r.GetString(1)),
                cancellation,
                new() { Value = relation.Schema },
                new() { Value = relation.Name }
            )
            .ConfigureAwait(false);
        return missing is [var (what, role), ..]
            ? Message.Of(
                "steps.prerequisites.privilege",
                ("user", context.Target.User),
                ("what", what),
                ("role", role),
                ("relation", relation)
            )
            : null;
    }

    /// <summary>pg_dump holds ACCESS SHARE on everything to its end: the change would wait for all of it.</summary>
    private static async Task<Message?> DumpAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var dumps = await session
            .QueryAsync(
                SqlText.Beside<PrerequisitesStep>("Dumps"),
                r =>
                    (
                        Pid: r.GetInt32(0),
                        User: r.IsDBNull(1) ? "?" : r.GetString(1),
                        Minutes: r.IsDBNull(2) ? 0 : r.GetInt32(2)
                    ),
                cancellation
            )
            .ConfigureAwait(false);
        return dumps is [var dump, ..]
            ? Message.Of(
                "steps.prerequisites.dump-running",
                ("target", context.Target),
                ("pid", dump.Pid),
                ("user", dump.User),
                ("for", TimeSpan.FromMinutes(dump.Minutes))
            )
            : null;
    }

    private static string Version(ServerIdentity identity) =>
        FormattableString.Invariant($"{identity.Major}.{identity.ServerVersion % 10000}");

    private const string Privileges = """
        select 'OWNER', pg_get_userbyid(c.relowner)::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
         where n.nspname = $1 and c.relname = $2 and not pg_has_role(c.relowner, 'USAGE')
        union all
        select 'CREATE', n.nspname::text from pg_namespace n where n.nspname = $1 and not has_schema_privilege(n.oid, 'CREATE')
        union all
        select 'SCHEMA', $1::text where not exists (select 1 from pg_namespace where nspname = $1)
        """;
}
