using Npgsql;

namespace SeedtestApi;

/// <summary><c>GET /attempts/{student}</c>: measured, and made to fail or wait as told.</summary>
internal static class AttemptEndpoint
{
    public static async Task<IResult> GetAsync(
        Guid student,
        Attempts attempts,
        Trouble trouble,
        RequestMetrics metrics,
        ILogger<Attempts> log,
        CancellationToken cancellation
    )
    {
        var began = TimeProvider.System.GetTimestamp();
        var code = StatusCodes.Status500InternalServerError;
        try
        {
            await trouble.WaitAsync(cancellation);
            trouble.ThrowSometimes();
            var found = await attempts.OfStudentAsync(student, cancellation);
            code = StatusCodes.Status200OK;
            return Results.Ok(found);
        }
        catch (Exception error) when (error is NpgsqlException or TroubleException)
        {
            log.LogError("GET /attempts/{Student}: {Problem}", student, error.Message);
            return Results.Problem(error.Message, statusCode: code);
        }
        finally
        {
            metrics.Count(code, TimeProvider.System.GetElapsedTime(began));
        }
    }
}
