using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.Commands;

/// <summary>A managed service's snapshots, of which the author's program tells. What it says is the service's word: nothing of it is read or restored here.</summary>
internal sealed class CommandSource(TimeProvider time) : IBackupSource
{
    public const string RunVariable = "TIDELOCK_RUN";
    public const string IdVariable = "TIDELOCK_BACKUP_ID";

    internal static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(30);
    private const int LongestAnswer = 64 * 1024;

    public BackupSource By => BackupSource.Command;

    public async Task<BackupStanding> LookAsync(BackupRequest request, CancellationToken cancellation)
    {
        if (request.Options.Proof == BackupLevel.Rehearsed)
        {
            return new BackupStanding(false, Message.Of("backups.command.proof"));
        }

        if (request.Options.Command!.Take is { } take)
        {
            return new BackupStanding(true, Message.Of("backups.command.will-take", ("program", take[0])));
        }

        var (answer, problem) = await StatusAsync(request, "", cancellation).ConfigureAwait(false);
        return (problem ?? Unfit(request, answer!)) is { } why
            ? new BackupStanding(false, why)
            : new BackupStanding(true, Told("backups.command.there", request, answer!));
    }

    public async Task<BackupProof> ProveAsync(BackupRequest request, CancellationToken cancellation)
    {
        if (request.Options.Proof == BackupLevel.Rehearsed)
        {
            return BackupProof.Refused(Message.Of("backups.command.proof"));
        }

        var (answer, problem) = request.Options.Command!.Take is { } take
            ? await TakenAsync(request, take, cancellation).ConfigureAwait(false)
            : await StatusAsync(request, "", cancellation).ConfigureAwait(false);
        return (problem ?? Unfit(request, answer!)) is { } why
            ? BackupProof.Refused(why)
            : new BackupProof(
                Sourced(request, answer!, request.Options.Proof),
                Told("backups.command.verified", request, answer!)
            );
    }

    /// <summary>The run's own: the one it began before a crash, if it is young enough, or a new one; waited for until it is there.</summary>
    private async Task<(ServiceAnswer? Answer, Message? Problem)> TakenAsync(
        BackupRequest request,
        IReadOnlyList<string> take,
        CancellationToken cancellation
    )
    {
        var earlier = request.Earlier?.IsTooOld(time.GetUtcNow()) == false ? request.Earlier.Id : null;
        var (answer, problem) = earlier is null
            ? await AskAsync(request, take, "", cancellation).ConfigureAwait(false)
            : await StatusAsync(request, earlier, cancellation).ConfigureAwait(false);
        if (answer is null)
        {
            return (null, problem);
        }

        var id = earlier ?? answer.Id;
        if (!string.Equals(answer.Id, id, StringComparison.Ordinal))
        {
            return (null, Message.Of("backups.command.other-backup", ("backup", id), ("told", answer.Id)));
        }

        await request.RecordAsync(Sourced(request, answer, BackupLevel.Taken), cancellation).ConfigureAwait(false);
        var within = request.Options.Command!.Within;
        for (var since = time.GetTimestamp(); answer is { IsComing: true }; )
        {
            if (time.GetElapsedTime(since) >= within)
            {
                return (null, Message.Of("backups.command.late", ("backup", id), ("limit", within)));
            }

            request.Report(
                Message.Of("backups.command.waiting", ("backup", id), ("waited", time.GetElapsedTime(since)))
            );
            await Task.Delay(AskEvery, time, cancellation).ConfigureAwait(false);
            (answer, problem) = await StatusAsync(request, id, cancellation).ConfigureAwait(false);
        }

        return answer is null || string.Equals(answer.Id, id, StringComparison.Ordinal)
            ? (answer, problem)
            : (null, Message.Of("backups.command.other-backup", ("backup", id), ("told", answer.Id)));
    }

    private Task<(ServiceAnswer? Answer, Message? Problem)> StatusAsync(
        BackupRequest request,
        string id,
        CancellationToken cancellation
    ) => AskAsync(request, request.Options.Command!.Status, id, cancellation);

    private async Task<(ServiceAnswer? Answer, Message? Problem)> AskAsync(
        BackupRequest request,
        IReadOnlyList<string> words,
        string id,
        CancellationToken cancellation
    )
    {
        using var limit = new CancellationTokenSource(AnswerLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
        var (output, errors) = (new BoundedText(LongestAnswer), new BoundedText(LongestAnswer));
        try
        {
            var exit = await Program(request, words, id)
                .RunAsync(output.FillAsync, errors.FillAsync, either.Token)
                .ConfigureAwait(false);
            return exit == 0
                ? ServiceAnswer.Read(output.Text)
                : (null, Failed(words[0], exit, errors.Text.Trim() is { Length: > 0 } said ? said : output.Text));
        }
        catch (TidelockException e) when (e.Problem.Code.StartsWith("programs.", StringComparison.Ordinal))
        {
            return (null, e.Problem);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return (null, Message.Of("backups.command.silent", ("program", words[0]), ("limit", AnswerLimit)));
        }
    }

    private static ChildProgram Program(BackupRequest request, IReadOnlyList<string> words, string id)
    {
        var variables = request.Target.LibpqEnvironment(request.ApplicationName).ToDictionary(StringComparer.Ordinal);
        variables[RunVariable] = request.Run.Length == 0 ? null : request.Run;
        variables[IdVariable] = id.Length == 0 ? null : id;
        var program = words[0].Contains('/', StringComparison.Ordinal)
            ? Path.GetFullPath(words[0], request.Folder)
            : words[0];
        return new ChildProgram(program, [.. words.Skip(1)], variables, request.Folder);
    }

    private Message? Unfit(BackupRequest request, ServiceAnswer answer) =>
        answer.Problem(request.Target.Host, request.Options.MaxAge, time.GetUtcNow());

    private Message Told(string code, BackupRequest request, ServiceAnswer answer) =>
        Message.Of(
            code,
            ("backup", answer.Id),
            ("database", answer.Database),
            ("at", answer.At),
            ("age", time.GetUtcNow() - answer.At),
            ("limit", request.Options.MaxAge),
            ("encrypted", Encryption(answer)),
            ("until", Until(answer))
        );

    private static Message Until(ServiceAnswer answer) =>
        answer.Until is { } until
            ? Message.Of("backups.command.until", ("until", until))
            : Message.Of("backups.command.until-unknown");

    private static Message Encryption(ServiceAnswer answer) =>
        answer.Encrypted switch
        {
            true => Message.Of("backups.command.encrypted"),
            false => Message.Of("backups.command.unencrypted"),
            null => Message.Of("backups.command.encryption-unknown"),
        };

    private static SourcedBackup Sourced(BackupRequest request, ServiceAnswer answer, BackupLevel level) =>
        new(BackupSource.Command, answer.Id, level, answer.At, request.Options.MaxAge);

    private static Message Failed(string program, int exit, string words) =>
        Message.Of(
            "backups.command.failed",
            ("program", program),
            ("exit", exit),
            ("words", string.Join('\n', words.Trim().Split('\n').TakeLast(8)))
        );
}
