using System.Text.Json;
using Tidelock.Runs;

namespace Tidelock.Evidence.Anchors;

/// <summary>
/// The heads of the chains beside a run: what people said of its change, and what was seen of it since. The run keeps them when it begins, in its own
/// chain, whose head is told outside: so an end of theirs that is cut off later shows, too.
/// </summary>
public static class StreamAnchors
{
    private const string Step = "prerequisites";
    private const string Fact = "streams";

    /// <summary>The chains about a digest in an environment.</summary>
    public static IReadOnlyList<string> Of(string digest, string environment) =>
        [$"{digest}@{environment}", $"{digest}@{environment}/soak"];

    /// <summary>Where these chains end now; none of those that nobody has written to.</summary>
    public static async Task<IReadOnlyList<Anchor>> HeadsAsync(
        IJournal journal,
        IEnumerable<string> streams,
        CancellationToken cancellation
    )
    {
        var heads = new List<Anchor>();
        foreach (var stream in streams)
        {
            if (await RunReader.EntriesAsync(journal, stream, cancellation).ConfigureAwait(false) is [.., var last])
            {
                heads.Add(Anchor.Of(last));
            }
        }

        return heads;
    }

    /// <summary>As a run keeps them.</summary>
    internal static FactRecorded AsEvent(IEnumerable<Anchor> heads) =>
        new(Step, Fact, JsonSerializer.SerializeToElement(string.Join('\n', heads), RunJson.Default.String));

    /// <summary>Those that a run kept of a chain.</summary>
    public static IReadOnlyList<Anchor> KeptBy(RunState run, string stream) =>
        run.Fact(Step, Fact) is { ValueKind: JsonValueKind.String } kept ? Anchor.In(kept.GetString()!, stream) : [];

    /// <summary>The chains that a run kept the heads of.</summary>
    public static IEnumerable<string> KeptBy(RunState run) =>
        run.Fact(Step, Fact) is { ValueKind: JsonValueKind.String } kept
            ? kept.GetString()!
                .Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(t => t["tidelock:".Length..].Split(':')[0])
            : [];
}
