using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Runs a query to its last row, in a READ ONLY transaction.</summary>
internal static class SqlCheckRun
{
    private static readonly TimeSpan Standard = TimeSpan.FromSeconds(30);

    /// <summary>Below this a multiple of the baseline measures noise and not the query.</summary>
    private static readonly TimeSpan Noise = TimeSpan.FromMilliseconds(50);

    public static async Task<CheckResult> RunAsync(SqlCheck check, CheckGround ground, CancellationToken cancellation)
    {
        if (Bound(check, ground) is not { } bound)
        {
            return new CheckResult(
                check.Name,
                Passed: false,
                TimeSpan.Zero,
                Message.Of("checks.sql.no-baseline", ("check", check.Name))
            )
            {
                IsAnswered = false,
            };
        }

        var start = ground.Time.GetTimestamp();
        var finding = await FindAsync(check, bound, ground, cancellation).ConfigureAwait(false);
        return new CheckResult(
            check.Name,
            finding.Passed,
            finding.Took ?? ground.Time.GetElapsedTime(start),
            finding.Text
        )
        {
            IsAnswered =
                finding.Text.Code
                    is not ("checks.sql.lost" or "checks.sql.silent" or "checks.sql.late" or CheckResult.Outdated)
                && !IsOfTheConnection(finding.Text.Code),
        };
    }

    private static async Task<(bool Passed, TimeSpan? Took, Message Text)> FindAsync(
        SqlCheck check,
        TimeSpan bound,
        CheckGround ground,
        CancellationToken cancellation
    )
    {
        try
        {
            await using var session = await ground.OpenAsync(cancellation).ConfigureAwait(false);
            var read = new BoundedRead(session, bound, ground.Time) { IsTimed = true };
            var (rows, took) = await read.RunAsync(
                    ["public"],
                    token => TimedAsync(check, read, ground.Time, token),
                    cancellation
                )
                .ConfigureAwait(false);
            return Judge(check, rows, took, bound);
        }
        catch (TimeoutException e) when (e.InnerException is not PostgresException)
        {
            // The server did not even say that it ended the statement.
            return (false, null, Message.Of("checks.sql.silent", ("check", check.Name), ("bound", bound)));
        }
        catch (TimeoutException)
        {
            return (false, null, Message.Of(CheckResult.TooSlow, ("check", check.Name), ("bound", bound)));
        }
        catch (PostgresException e) when (IsOfTheServer(e.SqlState))
        {
            return (false, null, Message.Of("checks.sql.lost", ("check", check.Name), ("reason", e.MessageText)));
        }
        catch (PostgresException e) when (OutdatedPlan.Is(e))
        {
            return (false, null, Message.Of(CheckResult.Outdated, ("check", check.Name)));
        }
        catch (PostgresException e)
        {
            return (
                false,
                null,
                Message.Of("checks.sql.failed", ("check", check.Name), ("state", e.SqlState), ("reason", e.MessageText))
            );
        }
        catch (NpgsqlException e)
        {
            return (false, null, Message.Of("checks.sql.lost", ("check", check.Name), ("reason", e.Message)));
        }
        catch (TidelockException e)
        {
            return (false, null, e.Problem);
        }
    }

    /// <summary>
    /// The server ended the session, lacks room for it, or rolled its transaction back for the sake of another's (a deadlock, a conflict with
    /// recovery): that says nothing of the query.
    /// </summary>
    private static bool IsOfTheServer(string state) =>
        ConnectionLoss.EndsSession(state)
        || state.StartsWith("40", StringComparison.Ordinal)
        || state.StartsWith("53", StringComparison.Ordinal)
        || state is PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.LockNotAvailable;

    private static bool IsOfTheConnection(string code) =>
        code.StartsWith("postgres.", StringComparison.Ordinal) || code.StartsWith("runs.", StringComparison.Ordinal);

    private static async Task<(ReadRows Rows, TimeSpan Took)> TimedAsync(
        SqlCheck check,
        BoundedRead read,
        TimeProvider time,
        CancellationToken cancellation
    )
    {
        var start = time.GetTimestamp();
        var rows = await read.RowsAsync(check.Sql, 1, cancellation).ConfigureAwait(false);
        return (rows, time.GetElapsedTime(start));
    }

    /// <summary>The longest it may take; null when it is measured against a baseline that there is not.</summary>
    private static TimeSpan? Bound(SqlCheck check, CheckGround ground)
    {
        if (check.WithinBaseline is not { } multiple || ground.Baselines is null)
        {
            return check.Within ?? Standard;
        }

        if (!ground.Baselines.TryGetValue(check.Name, out var baseline))
        {
            return null;
        }

        var bound = baseline * multiple;
        return bound > Noise ? bound : Noise;
    }

    private static (bool, TimeSpan?, Message) Judge(SqlCheck check, ReadRows rows, TimeSpan took, TimeSpan bound)
    {
        if (took > bound)
        {
            // The server keeps the bound itself: what took longer than it allowed was on the way.
            return (
                false,
                took,
                Message.Of("checks.sql.late", ("check", check.Name), ("took", took), ("bound", bound))
            );
        }

        if (check.Rows is { } expected && !expected.Holds(rows.Count))
        {
            return (
                false,
                took,
                Message.Of(
                    "checks.sql.rows",
                    ("check", check.Name),
                    ("expected", $"{expected.Comparison} {expected.Count}"),
                    ("actual", rows.Count)
                )
            );
        }

        var value = rows.Rows is [[var first, ..], ..] ? first : null;
        return check.Value is { } wanted && !string.Equals(value, wanted, StringComparison.Ordinal)
            ? (
                false,
                took,
                Message.Of("checks.sql.value", ("check", check.Name), ("expected", wanted), ("actual", value ?? "NULL"))
            )
            : (
                true,
                took,
                Message.Of("checks.sql.passed", ("check", check.Name), ("rows", rows.Count), ("took", took))
            );
    }
}
