namespace Tidelock.Changes;

/// <summary>
/// One top-level key of a change file. The folder it belongs to reads it and owns its fragment of the JSON Schema; nobody else
/// knows its shape. Reading adds mistakes instead of throwing, is pure, and may be called more than once.
/// </summary>
public interface IChangeSection
{
    /// <summary>The top-level key, for example <c>contract</c>.</summary>
    string Key { get; }

    /// <summary>The schema of the key's value: a JSON object in a <c>.schema.json</c> file beside the class.</summary>
    string SchemaFragment { get; }

    /// <summary>
    /// The options, with defaults where <paramref name="node"/> is absent (its <see cref="ChangeNode.Exists"/> is false).
    /// The result is found again by its type through <see cref="Change.Section{T}"/>.
    /// </summary>
    object Read(ChangeNode node);
}
