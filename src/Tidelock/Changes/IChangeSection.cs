namespace Tidelock.Changes;

/// <summary>
/// One top-level key of a change file. The folder it belongs to reads it and owns its fragment of the JSON Schema; nobody else
/// knows its shape. Reading adds mistakes instead of throwing, is pure, and happens more than once (also for every environment).
/// </summary>
public interface IChangeSection
{
    /// <summary>The top-level key, for example <c>contract</c>.</summary>
    string Key { get; }

    /// <summary>The schema of the key's value: a JSON object in a <c>.schema.json</c> file beside the class.</summary>
    string SchemaFragment { get; }

    /// <summary>Whether an environment may have its own; what is changed is the same in every environment.</summary>
    bool PerEnvironment { get; }

    /// <summary>
    /// The options, with defaults where <paramref name="node"/> is absent (its <see cref="ChangeNode.Exists"/> is false).
    /// The result is found again by its type through <see cref="Change.Section{T}"/>.
    /// </summary>
    /// <param name="node">The key's value.</param>
    /// <param name="earlier">What the sections before this one were read as.</param>
    object Read(ChangeNode node, SectionReadings earlier);
}
