using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Backups.PgBackRest;

/// <summary>
/// One backup of pgBackRest, as it is restored into a folder of its own. Whatever the configuration says of restores, nothing leads out of that folder and
/// nothing is written to the repository.
/// </summary>
/// <param name="Program">How pgbackrest is started.</param>
/// <param name="Stanza">Of which server.</param>
/// <param name="Label">Its name.</param>
/// <param name="Repository">Where it is.</param>
/// <param name="Size">Bytes of the server's files; null where that is not told.</param>
/// <param name="At">When it ended.</param>
internal sealed record BackRestSet(
    PgBackRestProgram Program,
    string Stanza,
    string Label,
    int Repository,
    long? Size,
    DateTimeOffset At
)
{
    /// <summary>What a rehearsal of it is bound to.</summary>
    public string Id => $"pgbackrest:{Stanza}:{Label}";

    /// <summary>What writes its files.</summary>
    /// <param name="data">The server's new folder, not there yet or empty.</param>
    /// <param name="beside">An empty folder for what lies outside of it: tablespaces, locks.</param>
    public ChildProgram Restore(string data, string beside) =>
        Program.Child([
            "--log-level-console=off",
            "--log-level-stderr=warn",
            .. Own(data, beside),
            "--set=" + Label,
            "--no-delta",
            "--no-link-all",
            "--reset-link-map",
            "--reset-tablespace-map",
            "--tablespace-map-all=" + Path.Combine(beside, "tablespaces"),
            "--reset-db-include",
            "--reset-db-exclude",
            "--reset-recovery-option",
            "--archive-mode=off",
            "--type=immediate",
            "--target-action=promote",
            "restore",
        ]);

    /// <summary>The words by which the restored server fetches a log file while it recovers; without the file's name and where it goes.</summary>
    public IReadOnlyList<string> Fetch(string data, string beside) =>
        Program.OwnWords([
            "--log-level-console=off",
            "--log-level-stderr=error",
            .. Own(data, beside),
            "--no-archive-async",
            "archive-get",
        ]);

    /// <summary>A lock folder of its own: it waits for no backup of the stanza and stops none. Whoever ends it by its folder looks for the path.</summary>
    private IEnumerable<string> Own(string data, string beside) =>
        [
            PgBackRestProgram.Repository(Repository),
            "--reset-pg1-host",
            AbandonedClusters.FillsOption + data,
            "--lock-path=" + Path.Combine(beside, "locks"),
            "--log-level-file=off",
        ];
}
