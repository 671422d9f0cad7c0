using System.Text.Json.Nodes;
using Tidelock.Runs;

namespace Tidelock.Crash.Tests;

/// <summary>What must be the same however often a run was killed.</summary>
internal static class Outcome
{
    /// <summary>Times, epochs, attempts, numbers of transactions and the words about them differ; so do the databases of two tests.</summary>
    private static readonly string[] Volatile =
    [
        "at",
        "startedAt",
        "endedAt",
        "appliedAt",
        "revertedAt",
        "epoch",
        "processId",
        "attempts",
        "finding",
        "reason",
        "ticks",
        "baselineTicks",
        "target",
        "identity",
        "folder",
    ];

    /// <summary>Facts that are there or not by when somebody looked, or by when the program was killed beside a child of its own.</summary>
    private static readonly string[] ByChance = ["watch/lost", "rollback.revert/restore child"];

    /// <summary>The canonical state without what differs; of the facts, which there are.</summary>
    public static string Of(RunState state)
    {
        var node = JsonNode.Parse(RunEvents.Canonical(state))!.AsObject();
        node["facts"] = new JsonArray([.. state.Facts.Keys.Except(ByChance).Select(k => JsonValue.Create(k))]);
        Strip(node);
        return node.ToJsonString();
    }

    /// <summary>How often each thing that may happen only once did happen.</summary>
    public static IReadOnlyList<string> Counts(IEnumerable<JournalEntry> entries) =>
        [
            .. entries
                .Select(RunEvents.Parse)
                .Select(e =>
                    e switch
                    {
                        StepEnded step => $"StepEnded {step.Step} {step.Result}",
                        GateEvaluated gate => $"GateEvaluated {gate.Gate}",
                        RunStarted or MigrationApplied or MigrationReverted or RollbackStarted => e.GetType().Name,
                        RunEnded ended => $"RunEnded {ended.Result}",
                        _ => "",
                    }
                )
                .Where(k => k.Length > 0)
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>No gap, no double, and every hash leads to the next.</summary>
    public static void IsSound(IReadOnlyList<JournalEntry> entries)
    {
        Assert.All(entries, e => Assert.True(e.IsSound));
        Assert.Equal(Enumerable.Range(1, entries.Count).Select(i => (long)i), entries.Select(e => e.Sequence));
        Assert.Equal(
            [JournalEntry.NoHash, .. entries.SkipLast(1).Select(e => e.Hash)],
            entries.Select(e => e.PreviousHash)
        );
        Assert.Equal(entries.Count, entries.Select(e => e.EventId).Distinct(StringComparer.Ordinal).Count());
    }

    private static void Strip(JsonNode? node)
    {
        if (node is JsonObject thing)
        {
            foreach (var name in Volatile)
            {
                thing.Remove(name);
            }

            foreach (var (_, value) in thing)
            {
                Strip(value);
            }
        }
        else if (node is JsonArray list)
        {
            foreach (var value in list)
            {
                Strip(value);
            }
        }
    }
}
