namespace Tidelock.Changes;

/// <summary>A position in a change file, from 1.</summary>
internal sealed record Place(int Line, int Column);

/// <summary>A value of a change file as it stands there, before any section gives it a meaning.</summary>
internal abstract record ChangeValue(Place At);

/// <param name="At">Where it begins.</param>
/// <param name="Text">Its content, unquoted.</param>
/// <param name="Kind">What YAML 1.2 takes it for.</param>
/// <param name="Content">Where the text's own first column is, when each of its columns is one column of the file; else null.</param>
internal sealed record ChangeScalar(Place At, string Text, ScalarKind Kind, Place? Content) : ChangeValue(At);

internal sealed record ChangeList(Place At, IReadOnlyList<ChangeValue> Items) : ChangeValue(At);

internal sealed record ChangeMapping(Place At, IReadOnlyList<ChangeEntry> Entries) : ChangeValue(At)
{
    public ChangeEntry? Find(string key) =>
        Entries.FirstOrDefault(e => string.Equals(e.Key, key, StringComparison.Ordinal));
}

/// <summary>A value the parser refused; it is not complained about a second time.</summary>
internal sealed record ChangeRefused(Place At) : ChangeValue(At);

/// <summary>One key of a mapping; <paramref name="At"/> is the key's own position.</summary>
internal sealed record ChangeEntry(Place At, string Key, ChangeValue Value);

/// <summary>What YAML 1.2's core schema takes a scalar for. Quoted ones are text.</summary>
internal enum ScalarKind
{
    Text,
    Integer,
    Number,
    Truth,
    Nothing,
}
