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
        catch (Exception e) when ((e is JsonException or NotSupportedException) && !MayBeKnown(entry.Payload))
        {
            return new UnknownEvent(entry.Kind);
        }
        catch (NotSupportedException e)
        {
            throw new JsonException(e.Message, e);
        }
    }

    /// <summary>The text that is stored and hashed.</summary>
    internal static string Format(RunEvent e) => JsonSerializer.Serialize(e, RunJson.Readable.RunEvent);

    /// <summary>The state as canonical JSON: two states are the same when this text is.</summary>
    internal static string Canonical(RunState state) => JsonSerializer.Serialize(state, RunJson.Readable.RunState);

    /// <summary>Whether it is one of our kinds, or so broken that it cannot be said.</summary>
    private static bool MayBeKnown(string payload)
    {
        try
        {
            using var document = JsonDocument.Parse(payload);
            return document.RootElement.ValueKind != JsonValueKind.Object
                || (document.RootElement.TryGetProperty("kind", out var kind) && IsKnown(kind));
        }
        catch (JsonException)
        {
            return true;
        }
    }

    private static bool IsKnown(JsonElement kind) =>
        kind.ValueKind != JsonValueKind.String
        || RunJson.Readable.RunEvent.PolymorphismOptions!.DerivedTypes.Any(t =>
            t.TypeDiscriminator is string name && kind.ValueEquals(name)
        );
}

/// <summary>An event of a newer version. A run that has one is reported, and not resumed.</summary>
public sealed record UnknownEvent(string Kind) : RunEvent
{
    public override RunState Apply(RunState state) => state with { UnknownKinds = state.UnknownKinds.Add(Kind) };
}
