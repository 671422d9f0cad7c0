using Npgsql;
using Tidelock.Contracts;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Whether the sides of a comparison may be evaluated in full: they are planned as their reader, and nothing is executed.</summary>
internal static class EvaluationConsent
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <param name="open">Opens a session where contents are read.</param>
    /// <param name="reader">As whom; null for the role that logged in.</param>
    /// <param name="options">What the author allows.</param>
    /// <param name="sides">What would be evaluated.</param>
    /// <param name="time">The client's clock.</param>
    /// <param name="cancellation">Ends the planning.</param>
    /// <returns>Why they may not be, or why that is not known; null where they may.</returns>
    public static async Task<Message?> ProblemAsync(
        Func<CancellationToken, Task<PostgresSession>> open,
        string? reader,
        CompareOptions options,
        IReadOnlyList<ContentSide> sides,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        await using var snapshot = new SharedSnapshot(open, reader, Limit, time, cancellation)
        {
            Temporary = options.Temporary,
        };
        try
        {
            var planner = await CandidatePlanner.JoinAsync(snapshot).ConfigureAwait(false);
            var plans = new List<QueryPlan>();
            foreach (var side in sides)
            {
                plans.Add(await planner.PlanAsync(side.Query, side.Schemas).ConfigureAwait(false));
            }

            var outside = await OutsideWork
                .OfAsync(planner, plans, sides.SelectMany(s => s.Schemas).Append("public"))
                .ConfigureAwait(false);
            return outside.Unconsented(options.Evaluate)
                ?? EvaluationBounds.Exceeded(options, plans, snapshot.IsTemporaryKept);
        }
        catch (Exception e) when (snapshot.IsTimeout(e))
        {
            return Message.Of("contracts.compare.timeout", ("limit", Limit));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return Message.Of("contracts.compare.role", ("owner", reader ?? "-"), ("reason", e.MessageText));
        }
        catch (PostgresException e)
        {
            return Message.Of("contracts.compare.failed", ("state", e.SqlState), ("reason", e.MessageText));
        }
        catch (StandbyException e)
        {
            return e.Problem;
        }
        catch (NpgsqlException e)
        {
            return Message.Of("contracts.compare.lost", ("reason", e.Message));
        }
    }
}
