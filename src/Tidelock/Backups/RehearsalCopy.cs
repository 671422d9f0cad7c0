using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>The copy of a database that a rehearsal makes in its throwaway cluster.</summary>
internal sealed class RehearsalCopy(
    LocalCluster cluster,
    Backup backup,
    DumpList list,
    SourceSettings source,
    ClientPrograms clients,
    TimeProvider time
)
{
    private const string ApplicationName = "tidelock/rehearsal";
    private const string Copy = "tidelock_rehearsal";

    private readonly List<Message> notes = [];

    public IReadOnlyList<Message> Notes => notes;

    public Task<PostgresSession> OpenAsync(CancellationToken cancellation) =>
        PostgresSession.OpenAsync(cluster.TargetAs("postgres", Copy), ApplicationName, cancellation);

    /// <summary>Makes roles and database, restores, and tells how long the restore alone took, or why it failed.</summary>
    public async Task<(TimeSpan Took, Message? Problem)> RestoreAsync(CancellationToken cancellation)
    {
        await SurroundingsAsync(cancellation).ConfigureAwait(false);
        await using var session = await OpenAsync(cancellation).ConfigureAwait(false);
        using var use = await UseList.WriteAsync(list, session, cancellation).ConfigureAwait(false);
        var started = time.GetTimestamp();
        var result = await new ChildProgram(
            clients.PgRestore,
            [
                "--exit-on-error",
                "--single-transaction",
                "--no-tablespaces",
                "--use-list=" + use.Path,
                "--dbname=" + Copy,
                "--no-password",
                backup.Dump,
            ],
            session.Target.LibpqEnvironment(ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return (
            time.GetElapsedTime(started),
            result.Succeeded
                ? null
                : Message.Of(
                    "backups.rehearsal.restore-failed",
                    ("path", backup.Path),
                    ("exit", result.ExitCode),
                    ("words", result.LastWords)
                )
        );
    }

    private async Task SurroundingsAsync(CancellationToken cancellation)
    {
        await using var session = await PostgresSession
            .OpenAsync(cluster.TargetAs("postgres", "postgres"), ApplicationName, cancellation)
            .ConfigureAwait(false);
        if (await CopyDatabase.CreateAsync(session, Copy, source, cancellation).ConfigureAwait(false) is { } note)
        {
            notes.Add(note);
        }
    }
}
