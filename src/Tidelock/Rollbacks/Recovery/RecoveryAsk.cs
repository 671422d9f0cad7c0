using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>What people were asked to do in a rollback, journaled before it waits for them.</summary>
/// <param name="RollbackAt">When that rollback began.</param>
/// <param name="Commands">As they were shown.</param>
/// <param name="Time">The moment before the change.</param>
/// <param name="TransactionId">The transaction before which it is to stop; null where that is told by the time alone.</param>
/// <param name="Server">As it was then.</param>
/// <param name="ChangesTimeline">Whether the restored server must show a new timeline: the service that restores it may not tell.</param>
/// <param name="Heard">How many commands of people the run had taken by then: only a later one answers.</param>
internal sealed record RecoveryAsk(
    DateTimeOffset RollbackAt,
    IReadOnlyList<string> Commands,
    DateTimeOffset Time,
    ulong? TransactionId,
    ServerIdentity Server,
    bool ChangesTimeline,
    int Heard
)
{
    internal const string Fact = "recovery";

    /// <summary>The transaction id that came next at the moment, or a little before; null where that was not journaled.</summary>
    public ulong? Next { get; init; }

    /// <summary>Whether a server that was restored to an earlier moment than was asked for is told from one that was not.</summary>
    internal bool TellsTheMoment => (TransactionId ?? Next) is not null;

    /// <summary>That of the rollback that is under way; null where people were not asked yet.</summary>
    public static RecoveryAsk? Of(StepContext context) =>
        context.Fact(Fact, RecoveryJson.Default.RecoveryAsk) is { } ask && ask.RollbackAt == context.State.Rollback?.At
            ? ask
            : null;

    /// <summary>The first word of a person since: that it is done, or that another way is wanted. Null for none.</summary>
    public CommandTaken? Answer(RunState state) =>
        state.Commands.Skip(Heard).FirstOrDefault(c => c.Verb is RunVerb.Continue or RunVerb.Rollback or RunVerb.Abort);

    /// <summary>Why the server that is there now is not the restored one; null where it may be.</summary>
    /// <param name="now">That server.</param>
    /// <param name="next">The transaction id it gives next: it has seen all that are lower.</param>
    public Message? Problem(ServerIdentity now, ulong next) =>
        ChangesTimeline && now.Timeline <= Server.Timeline
            ? Message.Of("rollbacks.recovery.same-timeline", ("timeline", now.Timeline), ("database", now.Database))
        : TransactionId is { } transaction && next <= transaction
            ? Message.Of("rollbacks.recovery.too-early", ("transaction", transaction))
        : next < Next ? Message.Of("rollbacks.recovery.earlier", ("next", next), ("then", Next))
        : null;
}

/// <summary>A named person's word that it is done, and what was found then.</summary>
/// <param name="RollbackAt">In which rollback.</param>
/// <param name="By">Who said so.</param>
/// <param name="At">When.</param>
/// <param name="Server">As it is since.</param>
internal sealed record RecoveryWord(DateTimeOffset RollbackAt, string By, DateTimeOffset At, ServerIdentity Server)
{
    internal const string Fact = "recovery-word";

    /// <summary>That of the rollback that is under way; null for none.</summary>
    public static RecoveryWord? Of(StepContext context) =>
        context.Fact(Fact, RecoveryJson.Default.RecoveryWord) is { } word
        && word.RollbackAt == context.State.Rollback?.At
            ? word
            : null;
}
