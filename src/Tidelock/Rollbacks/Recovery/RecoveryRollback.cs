using System.Globalization;
using Tidelock.Backups;
using Tidelock.Changes;
using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>
/// The whole server as it was just before the change, restored by people with pgBackRest or a managed service. Tidelock says how, waits for a
/// named person's word that it is done, and proves it then. It restores nothing by itself.
/// </summary>
/// <param name="backups">The backup a change asks for.</param>
internal sealed class RecoveryRollback(Func<Change, BackupOptions> backups) : IRollbackMethod
{
    internal const string MethodName = "recovery";
    private const string RevertStep = "rollback.revert";
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);

    public string Name => MethodName;

    public bool HasBegun(StepContext context) => RecoveryAsk.Of(context) is not null;

    public async Task<RollbackAssessment> AssessAsync(StepContext context, CancellationToken cancellation)
    {
        var (ask, problem) = await PlanAsync(context, cancellation).ConfigureAwait(false);
        return ask is null
            ? new RollbackAssessment(false, problem!, LosesWrites: true)
            : new RollbackAssessment(true, Cost(context, ask), LosesWrites: true);
    }

    private static Message Cost(StepContext context, RecoveryAsk ask)
    {
        var cost = Say("rollbacks.recovery.cost", ask);
        return RunSourcedBackup.Of(context.State)?.RestoreTook is { } took
            ? Message.Of("rollbacks.recovery.rehearsed", ("took", took), ("cost", cost))
            : cost;
    }

    public async Task<StepOutcome> RevertAsync(StepContext context, CancellationToken cancellation)
    {
        var ask = RecoveryAsk.Of(context);
        if (ask is null)
        {
            (ask, var problem) = await PlanAsync(context, cancellation).ConfigureAwait(false);
            if (ask is null)
            {
                return StepOutcome.NeedsPerson(problem!);
            }

            await RecordAsync(context, ask, cancellation).ConfigureAwait(false);
        }

        for (var reason = Say("rollbacks.recovery.asked", ask); ; )
        {
            var word = await AnswerAsync(context, ask, reason, cancellation).ConfigureAwait(false);
            if (word.Verb is not RunVerb.Continue)
            {
                return StepOutcome.NeedsPerson(Message.Of("rollbacks.recovery.given-up", ("by", word.By)));
            }

            var (now, next) = await ServerAsync(context, cancellation).ConfigureAwait(false);
            if (ask.Problem(now, next) is not { } problem)
            {
                return await ConfirmedAsync(context, ask, word, now, cancellation).ConfigureAwait(false);
            }

            ask = ask with { Heard = context.State.Commands.Count };
            await RecordAsync(context, ask, cancellation).ConfigureAwait(false);
            reason = Message.Of(
                "rollbacks.recovery.asked-again",
                ("by", word.By),
                ("problem", problem),
                ("asked", Say("rollbacks.recovery.asked", ask))
            );
        }
    }

    /// <summary>By what was there before the change; a change about no relation by what else shows whether it is in place.</summary>
    public async Task<StepOutcome> VerifyAsync(StepContext context, CancellationToken cancellation)
    {
        var revert = context.As(RevertStep);
        if (RecoveryAsk.Of(revert) is not { } ask || RecoveryWord.Of(revert) is not { } word)
        {
            return await FoundAsync(context, cancellation).ConfigureAwait(false);
        }

        var found = await FoundAsync(context, cancellation).ConfigureAwait(false);
        var (now, _) = await ServerAsync(context, cancellation).ConfigureAwait(false);
        var finding = ask.TellsTheMoment
            ? found.Finding
            : Message.Of("rollbacks.recovery.moment-unknown", ("finding", found.Finding), ("time", ask.Time));
        return new StepOutcome(
            found.Result,
            Message.Of(
                found.Result == StepResult.Passed ? "rollbacks.recovery.verified" : "rollbacks.recovery.not-verified",
                ("by", word.By),
                ("at", word.At),
                ("system", now.SystemIdentifier),
                ("then", ask.Server.Timeline),
                ("now", now.Timeline),
                ("finding", finding)
            )
        );
    }

    private static async Task<StepOutcome> FoundAsync(StepContext context, CancellationToken cancellation)
    {
        if (RunBaseline.Of(context) is not null)
        {
            return await RunBaseline.CompareAsync(context, cancellation).ConfigureAwait(false);
        }

        var standing = await Standing.AskAsync(context, cancellation).ConfigureAwait(false);
        return standing.Where == Whereabouts.Before
            ? StepOutcome.Passed(standing.Finding)
            : StepOutcome.NeedsPerson(standing.Finding);
    }

    /// <summary>What people would be asked to do now; why nothing can be said, where there is no such way.</summary>
    private async Task<(RecoveryAsk? Ask, Message? Problem)> PlanAsync(
        StepContext context,
        CancellationToken cancellation
    )
    {
        var options = backups(context.Change);
        if (options is { PgBackRest: null, Command: null })
        {
            return (null, Message.Of("rollbacks.recovery.none"));
        }

        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        if (await RecoveryPoint.ReadAsync(context, session, cancellation).ConfigureAwait(false) is not { } point)
        {
            return (null, Message.Of("rollbacks.recovery.untried"));
        }

        var backup = RunSourcedBackup.Of(context.State);
        var server = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        var commands = options.PgBackRest is { } rest
            ? RecoveryCommands.Of(
                rest,
                context.Change.Folder,
                backup,
                point,
                server.Timeline,
                await ServerPlace.ReadAsync(session, cancellation).ConfigureAwait(false)
            )
            : RecoveryCommands.Of(options.Command!, backup, point);
        return commands is null
            ? (null, Message.Of("rollbacks.recovery.no-command"))
            : (
                new RecoveryAsk(
                    context.State.Rollback?.At ?? default,
                    commands,
                    point.Time,
                    backup is null || options.PgBackRest is null ? null : point.TransactionId,
                    server,
                    ChangesTimeline: options.PgBackRest is not null,
                    context.State.Commands.Count
                )
                {
                    Next = point.Next,
                },
                null
            );
    }

    /// <summary>Holds the run until a person has answered; one who did while the database was away has.</summary>
    private static async Task<CommandTaken> AnswerAsync(
        StepContext context,
        RecoveryAsk ask,
        Message reason,
        CancellationToken cancellation
    )
    {
        if (ask.Answer(context.State) is null && context.State.Held?.Reason != reason)
        {
            await context.AppendAsync(new RunHeld(reason, null), cancellation).ConfigureAwait(false);
        }

        while (true)
        {
            if (ask.Answer(context.State) is { } word)
            {
                return word;
            }

            await Task.Delay(Look, context.Time, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<StepOutcome> ConfirmedAsync(
        StepContext context,
        RecoveryAsk ask,
        CommandTaken word,
        ServerIdentity now,
        CancellationToken cancellation
    )
    {
        await context
            .RecordAsync(
                RecoveryWord.Fact,
                new RecoveryWord(ask.RollbackAt, word.By, word.At, now),
                RecoveryJson.Default.RecoveryWord,
                cancellation
            )
            .ConfigureAwait(false);
        if (context.State.Held is not null)
        {
            // An earlier start may have gone on already and been killed before the step's end.
            await context
                .AppendAsync(new RunContinued(Message.Of("runs.continued-by", ("by", word.By))), cancellation)
                .ConfigureAwait(false);
        }

        return StepOutcome.Passed(
            Message.Of(
                "rollbacks.recovery.confirmed",
                ("by", word.By),
                ("at", word.At),
                ("then", ask.Server.Timeline),
                ("now", now.Timeline)
            )
        );
    }

    private static Task RecordAsync(StepContext context, RecoveryAsk ask, CancellationToken cancellation) =>
        context.RecordAsync(RecoveryAsk.Fact, ask, RecoveryJson.Default.RecoveryAsk, cancellation);

    private static async Task<(ServerIdentity Now, ulong Next)> ServerAsync(
        StepContext context,
        CancellationToken cancellation
    )
    {
        await using var session = await context.OpenAsync(cancellation).ConfigureAwait(false);
        var next = await session
            .ScalarAsync<string>("select pg_snapshot_xmax(pg_current_snapshot())::text", cancellation)
            .ConfigureAwait(false);
        return (
            await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false),
            ulong.Parse(next!, CultureInfo.InvariantCulture)
        );
    }

    /// <summary>Four spaces before a line keep it whole wherever it is shown: it is pasted into a shell.</summary>
    internal static Message Say(string code, RecoveryAsk ask) =>
        Message.Of(
            code,
            ("time", ask.Time),
            ("target", ask.Server.Database),
            ("commands", string.Concat(ask.Commands.Select(c => "\n    " + c)))
        );
}
