using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>What a way back costs.</summary>
/// <param name="Usable">Whether it can be used now.</param>
/// <param name="Cost">In words: how long, what is lost; or why it cannot be used.</param>
/// <param name="LosesWrites">Whether committed writes would be lost, so that the database's name must be typed.</param>
public sealed record RollbackAssessment(bool Usable, Message Cost, bool LosesWrites)
{
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
