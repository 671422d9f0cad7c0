using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>What a criterion says about its signals. Each case judges itself and knows its opposite.</summary>
internal abstract record Condition
{
    public abstract IEnumerable<string> Signals { get; }

    /// <summary>Those of them that are compared with what they were before the migration.</summary>
    public abstract IEnumerable<string> BaselineSignals { get; }

    /// <summary>Those of them that are judged as a share: of requests, mostly.</summary>
    public abstract IEnumerable<string> Shares { get; }

    /// <summary>Breached when the condition has come about and stayed for <paramref name="window"/>, by the rules of the watch.</summary>
    public abstract Finding Judge(WatchEvidence evidence, TimeSpan window);

    public abstract Condition Not();

    /// <summary>What it says of its signal, with bounds as figures now that the baseline is known. One of several signals names them.</summary>
    public abstract Message Words(WatchRecord record);

    /// <summary>The same as a part of another one.</summary>
    protected static Message Named(Condition part, WatchRecord record) =>
        part is SignalCondition or FaultCondition
            ? Message.Of("watching.rule.named", ("signal", part.Signals.First()), ("rule", part.Words(record)))
            : part.Words(record);
}

/// <summary>What a condition says at one moment: a verdict without its criterion.</summary>
internal sealed record Finding(VerdictState State, Message Reason, double Progress)
{
    private const double AlmostThere = 0.99;

    public PastBound? Past { get; init; }

    public static Finding Breached(Message reason) => new(VerdictState.Breached, reason, 1);

    public static Finding Unknown(Message reason) => new(VerdictState.Unknown, reason, 0);

    public static Finding Healthy(Message reason, double progress) =>
        new(VerdictState.Healthy, reason, Math.Clamp(progress, 0, AlmostThere));
}
