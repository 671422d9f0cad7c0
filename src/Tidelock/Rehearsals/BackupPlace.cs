using Npgsql;
using Tidelock.Backups;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A throwaway server of this machine with a backup in it. It is durable like a real server, because the time the restore takes is going to be promised.</summary>
internal abstract class BackupPlace(LocalCluster cluster) : CopyPlace
{
    private readonly List<Message> notes = [];

    public override int Major => Cluster.Programs.Major;

    public override string Folder => Cluster.Folder;

    public override IReadOnlySet<string>? Stubs => null;

    /// <summary>What differs from the target.</summary>
    public IReadOnlyList<Message> Notes => notes;

    protected LocalCluster Cluster { get; } = cluster;

    /// <summary>What the throwaway server is set to, whichever way a backup comes into it.</summary>
    protected static IReadOnlyDictionary<string, string> Durable { get; } =
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["fsync"] = "on",
            ["synchronous_commit"] = "on",
            ["full_page_writes"] = "on",
            ["max_wal_size"] = RestoreRoom.WalSetting,

            // Only the restore is promised; rows are read as fast as they can be.
            ["work_mem"] = "64MB",
            ["jit"] = "off",
        };

    /// <summary>Restores the backup.</summary>
    /// <returns>How long that took, and why it failed; null when it is there.</returns>
    public abstract Task<(TimeSpan Took, Message? Problem)> RestoreAsync(CancellationToken cancellation);

    /// <summary>Restores over the copy as it stands, as it is done in place.</summary>
    /// <param name="locks">How long it may wait.</param>
    /// <param name="jobs">By how many jobs; null for one transaction.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>How long that took, and why it failed; null when it is there.</returns>
    /// <exception cref="InvalidOperationException">It is no dump.</exception>
    public virtual Task<(TimeSpan Took, Message? Problem)> RestoreOverAsync(
        LockBudget locks,
        int? jobs,
        CancellationToken cancellation
    ) => throw new InvalidOperationException("only a dump is restored over a database");

    public override Message Lacks(string extensions) =>
        Message.Of(
            "rehearsals.extensions",
            ("extensions", extensions),
            ("major", Cluster.Programs.Major),
            ("folder", Cluster.Programs.Folder)
        );

    public override async Task<PostgresTarget> AdmitAsync(string role, CancellationToken cancellation)
    {
        await using var superuser = await SuperuserAsync(cancellation).ConfigureAwait(false);
        return await Cluster.AdmitOverTcpAsync(superuser, role, cancellation).ConfigureAwait(false);
    }

    /// <summary>A superuser's session in the database.</summary>
    public Task<PostgresSession> SuperuserAsync(CancellationToken cancellation) =>
        PostgresSession.OpenAsync(Superuser, SchemaCopy.ApplicationName, cancellation);

    /// <summary>Why the server does not answer: its disk is full, or what it wrote last tells.</summary>
    public async Task<Message> LostAsync(string reason)
    {
        var free = FreeSpace.Of(Folder);
        return free < FreeSpace.Full
            ? Full(free, reason)
            : Message.Of(
                "rehearsals.data.server-gone",
                ("reason", reason),
                ("words", await LastWordsAsync().ConfigureAwait(false))
            );
    }

    /// <summary>Something was not written because the disk is full.</summary>
    public Message Full(string words) => Full(FreeSpace.Of(Folder), words);

    public override ValueTask DisposeAsync() => Cluster.DisposeAsync();

    protected Message Full(long free, string words) =>
        Message.Of(
            "rehearsals.data.disk-full",
            ("folder", Path.GetDirectoryName(Folder)),
            ("free", Sizes.Short(free)),
            ("words", words)
        );

    protected void Note(Message note)
    {
        if (!notes.Contains(note))
        {
            notes.Add(note);
        }
    }

    /// <summary>What the database needs of extensions and this machine lacks; null for nothing.</summary>
    protected async Task<Message?> MissingAsync(
        PostgresSession copy,
        IReadOnlyList<string> extensions,
        CancellationToken cancellation
    )
    {
        var missing = await copy.QueryAsync(
                "select w from unnest($1::text[]) w where w not in (select name from pg_available_extensions) order by w",
                r => r.GetString(0),
                cancellation,
                new NpgsqlParameter { Value = extensions.ToArray() }
            )
            .ConfigureAwait(false);
        return missing.Count == 0 ? null : Lacks(string.Join(", ", missing));
    }

    private async Task<string> LastWordsAsync() =>
        File.Exists(Cluster.LogFile)
            ? string.Join(
                '\n',
                (await Cluster.LogAsync().ConfigureAwait(false)).Trim().Split('\n').Where(IsOfItself).TakeLast(6)
            )
            : "";

    /// <summary>What a server that recovers answers to whoever looks whether it has.</summary>
    private static bool IsOfItself(string line) =>
        !line.Contains("the database system is ", StringComparison.Ordinal)
        && !line.Contains("Hot standby mode is disabled", StringComparison.Ordinal);
}
