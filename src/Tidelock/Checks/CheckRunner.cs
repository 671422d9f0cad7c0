using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Runs checks one after the other; one that fails does not keep the next from running.</summary>
public static class CheckRunner
{
    public static async Task<IReadOnlyList<CheckResult>> RunAsync(
        IEnumerable<Check> checks,
        CheckGround ground,
        Action<Message> progress,
        CancellationToken cancellation
    )
    {
        var results = new List<CheckResult>();
        foreach (var check in checks)
        {
            progress(Message.Of("checks.running", ("check", check.Name)));
            results.Add(await check.RunAsync(ground, cancellation).ConfigureAwait(false));
        }

        return results;
    }
}
