using Tidelock.Programs;

namespace Tidelock.Migrations.Tools;

/// <summary>Bounds how long a program runs.</summary>
internal static class ChildLimit
{
    /// <summary>Runs to the end, or ends it at the limit: then there is no result.</summary>
    public static async Task<ProgramResult?> RunWithinAsync(
        this ChildProgram program,
        TimeSpan limit,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            return await program.RunAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return null;
        }
    }
}
