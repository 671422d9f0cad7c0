using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What a way back costs.</summary>
/// <param name="Usable">Whether it can be used now.</param>
/// <param name="Cost">In words: how long, what is lost; or why it cannot be used.</param>
/// <param name="LosesWrites">Whether committed writes would be lost, so that the database's name must be typed.</param>
public sealed record RollbackAssessment(bool Usable, Message Cost, bool LosesWrites)
{
    /// <summary>How long it takes, as measured in a rehearsal; null where that is not known.</summary>
    public TimeSpan? Takes { get; init; }

    /// <summary>How many rows that were written would be lost; null where that is not known.</summary>
    public long? RowsLost
    {
        get => LosesWrites ? field : 0;
        init;
    }

    /// <summary>Whether <see cref="RowsLost"/> is the least: other sessions may hold back what they have written.</summary>
    public bool AtLeast { get; init; }

    /// <summary>How long readers are shut out; null where nobody is, or where it is not known.</summary>
    public TimeSpan? Interrupts { get; init; }

    /// <summary>Whether it can be taken back itself.</summary>
    public bool Undoable { get; init; }

    /// <summary>What saving rows into side tables (<c>--rescue</c>) would do; null where nothing can be saved.</summary>
    public Message? Rescue { get; init; }

    /// <summary>Why nothing could be saved though rows would be lost; null where it could, or where that is not known.</summary>
    public Message? RescueObstacle { get; init; }

    /// <summary>The figures that ways are ranked by, in words.</summary>
    public Message Figures
    {
        get
        {
            var figures = Message.Of(
                "rollbacks.rank.figures",
                ("takes", Takes is { } takes ? Took(takes) : Message.Of("rollbacks.rank.not-timed")),
                ("loses", Loses)
            );
            figures = Interrupts is { } shut
                ? Message.Of("rollbacks.rank.shut-out", ("figures", figures), ("for", shut))
                : figures;
            return !LosesWrites ? figures
                : Undoable ? Message.Of("rollbacks.rank.undoable", ("figures", figures))
                : Message.Of("rollbacks.rank.final", ("figures", figures));
        }
    }

    private Message Loses =>
        RowsLost switch
        {
            null => Message.Of("rollbacks.rank.loses-unknown"),
            0 when !LosesWrites => Message.Of("rollbacks.rank.loses-nothing"),
            { } rows => Message.Of("rollbacks.rank.loses", ("rows", RowFigure.Of(rows, AtLeast))),
        };

    private static Message Took(TimeSpan takes) => Message.Of("rollbacks.rank.took", ("takes", takes));

    /// <summary>A way's assessment; one that fails, for whatever reason, is not usable and keeps nobody from seeing the other ways.</summary>
    public static async Task<RollbackAssessment> OfAsync(
        IRollbackMethod method,
        StepContext context,
        CancellationToken cancellation
    )
    {
        try
        {
            return await method.AssessAsync(context, cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (!cancellation.IsCancellationRequested)
        {
            var unknown = Message.Of("rollbacks.unassessed", ("reason", RunLater.Reason(e)));
            return new RollbackAssessment(Usable: false, unknown, LosesWrites: true);
        }
    }
}
