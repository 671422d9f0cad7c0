using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Asks an address once.</summary>
internal static class HttpCheckRun
{
    public static async Task<CheckResult> RunAsync(HttpCheck check, CheckGround ground, CancellationToken cancellation)
    {
        using var deadline = new Deadline(check.Within, ground.Time, cancellation);
        try
        {
            using var answer = await ground.Http.GetAsync(check.Address, deadline.Token).ConfigureAwait(false);
            var body = await answer.Content.ReadAsStringAsync(deadline.Token).ConfigureAwait(false);
            return Judge(check, (int)answer.StatusCode, body, deadline.Took);
        }
        catch (OperationCanceledException) when (deadline.IsOver)
        {
            return Failed(Message.Of("checks.too-slow", ("check", check.Name), ("bound", check.Within)));
        }
        catch (HttpRequestException e)
        {
            return Failed(Message.Of("checks.http.failed", ("check", check.Name), ("reason", e.Message)));
        }

        CheckResult Failed(Message finding) => new(check.Name, Passed: false, deadline.Took, finding);
    }

    private static CheckResult Judge(HttpCheck check, int status, string body, TimeSpan took)
    {
        if (status != check.Status)
        {
            var other = Message.Of(
                "checks.http.status",
                ("check", check.Name),
                ("expected", check.Status),
                ("actual", status)
            );
            return new CheckResult(check.Name, Passed: false, took, other);
        }

        return check.Contains is { } text && !body.Contains(text, StringComparison.Ordinal)
            ? new CheckResult(
                check.Name,
                Passed: false,
                took,
                Message.Of("checks.http.body", ("check", check.Name), ("expected", text))
            )
            : new CheckResult(
                check.Name,
                Passed: true,
                took,
                Message.Of("checks.http.passed", ("check", check.Name), ("status", status), ("took", took))
            );
    }
}
