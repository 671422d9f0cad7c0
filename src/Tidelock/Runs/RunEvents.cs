using System.Text.Json;

namespace Tidelock.Runs;

/// <summary>Events as journal entries and back.</summary>
public static class RunEvents
{
    /// <summary>The event of an entry; a kind this version does not know comes back as <see cref="UnknownEvent"/>.</summary>
    /// <exception cref="JsonException">The payload is not JSON of its kind.</exception>
    public static RunEvent Parse(JournalEntry entry)
    {
        try
        {
            return JsonSerializer.Deserialize(entry.Payload, RunJson.Readable.RunEvent) ?? new UnknownEvent(entry.Kind);
        }
        catch (JsonException) when (!IsKnown(entry.Payload))
        {
            return new UnknownEvent(entry.Kind);
        }
    }

    /// <summary>The text that is stored and hashed.</summary>
    internal static string Format(RunEvent e) => JsonSerializer.Serialize(e, RunJson.Readable.RunEvent);

    /// <summary>The state as canonical JSON: two states are the same when this text is.</summary>
    internal static string Canonical(RunState state) => JsonSerializer.Serialize(state, RunJson.Readable.RunState);

    private static bool IsKnown(string payload)
    {
        using var document = JsonDocument.Parse(payload);
        var kind = document.RootElement.TryGetProperty("kind", out var value) ? value.GetString() : null;
        return RunJson.Readable.RunEvent.PolymorphismOptions!.DerivedTypes.Any(t =>
            t.TypeDiscriminator is string name && name == kind
        );
    }
}

/// <summary>An event of a newer version. A run that has one is reported, and not resumed.</summary>
public sealed record UnknownEvent(string Kind) : RunEvent
{
    public override RunState Apply(RunState state) => state with { UnknownKinds = state.UnknownKinds.Add(Kind) };
}
