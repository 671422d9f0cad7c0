using System.Globalization;
using Tidelock.Backups;
using Tidelock.Backups.PgBackRest;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A server's files that are restored for proof, and what the target tells of what they need.</summary>
/// <param name="Set">Which backup.</param>
/// <param name="Identity">Of the target, whose copy it must be.</param>
/// <param name="Superuser">Who may do anything there and log in.</param>
/// <param name="Roles">Who makes the change.</param>
/// <param name="Extensions">Of the database.</param>
/// <param name="Settings">Without which the server would not recover.</param>
internal sealed record RecoveryOrder(
    BackRestSet Set,
    ServerIdentity Identity,
    string Superuser,
    CopyRoles Roles,
    IReadOnlyList<string> Extensions,
    IReadOnlyDictionary<string, string> Settings
)
{
    private const int Connections = 100;

    /// <summary>What a server needs at least, to begin with less than which it would not recover.</summary>
    private const string Needs = """
        select name, setting::bigint from pg_settings
        where name in ('wal_segment_size', 'max_prepared_transactions', 'max_replication_slots', 'max_active_replication_origins')
        """;

    /// <returns>Or why it cannot be restored here.</returns>
    public static async Task<(RecoveryOrder? Order, Message? Refusal)> ReadAsync(
        BackRestSet set,
        PostgresSession target,
        string folder,
        CancellationToken cancellation
    )
    {
        if (set.Size is not { } size)
        {
            return (null, Message.Of("rehearsals.files.size-unknown", ("backup", set.Label)));
        }

        var places = await ServerPlaces.ReadAsync(target, cancellation).ConfigureAwait(false);
        if (RestoreRoom.Of(size, places.LargestIndex, 1L << 30).Lacking(folder) is { } lacking)
        {
            return (null, Message.Of("rehearsals.files.no-room", ("lacking", lacking)));
        }

        var superuser = await target
            .QueryAsync(
                "select rolname::text from pg_roles where rolsuper and rolcanlogin order by oid limit 1",
                r => r.GetString(0),
                cancellation
            )
            .ConfigureAwait(false);
        if (superuser.Count == 0)
        {
            return (null, Message.Of("rehearsals.files.no-superuser", ("target", target.Target)));
        }

        var roles = await CopyRoles.ReadAsync(target, cancellation).ConfigureAwait(false);
        return (
            new RecoveryOrder(
                set,
                await ServerIdentity.ReadAsync(target, cancellation).ConfigureAwait(false),
                superuser[0],
                roles,
                await target
                    .QueryAsync("select extname::text from pg_extension", r => r.GetString(0), cancellation)
                    .ConfigureAwait(false),
                await SettingsAsync(target, roles, cancellation).ConfigureAwait(false)
            ),
            null
        );
    }

    /// <summary>With no standby's queries to answer while it recovers, it may have fewer connections than the target; what it holds of it must fit.</summary>
    private static async Task<Dictionary<string, string>> SettingsAsync(
        PostgresSession target,
        CopyRoles roles,
        CancellationToken cancellation
    )
    {
        var there = (
            await target
                .QueryAsync(Needs, r => (Name: r.GetString(0), Value: r.GetInt64(1)), cancellation)
                .ConfigureAwait(false)
        ).ToDictionary(s => s.Name, s => s.Value, StringComparer.Ordinal);
        var segment = there["wal_segment_size"] >> 20;
        var locks = await LockTable.EntriesAsync(target, cancellation).ConfigureAwait(false);
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["search_path"] = roles.SearchPath,
            ["max_connections"] = Number(Connections),
            ["max_locks_per_transaction"] = Number(Math.Clamp(locks / Connections, 64, int.MaxValue)),
            ["max_prepared_transactions"] = Number(Math.Max(there["max_prepared_transactions"], Connections)),
            ["min_wal_size"] = $"{Number(Math.Max(80, segment * 2))}MB",
            ["max_wal_size"] = $"{Number(Math.Max(1024, segment * 4))}MB",
        };
        foreach (
            var origins in new[] { "max_replication_slots", "max_active_replication_origins" }.Where(there.ContainsKey)
        )
        {
            settings[origins] = Number(Math.Max(there[origins], 10));
        }

        return settings;
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
