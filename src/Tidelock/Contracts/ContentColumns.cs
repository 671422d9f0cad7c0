using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>Which columns are compared, how, and which are on one side only.</summary>
/// <param name="Key">The key as one text.</param>
/// <param name="KeyNull">Whether some column of the key is null.</param>
/// <param name="Compared">Those on both sides without the key, as text, by name.</param>
/// <param name="Gone">Those of the old side alone.</param>
/// <param name="Added">Those of the new side alone.</param>
internal sealed record ContentColumns(
    string Key,
    string KeyNull,
    IReadOnlyList<(string Name, string Text)> Compared,
    IReadOnlyList<string> Gone,
    IReadOnlyList<string> Added
)
{
    /// <summary>Or why the two sides cannot be compared.</summary>
    public static (ContentColumns?, Message?) Of(
        CompareOptions options,
        IReadOnlyDictionary<string, uint> old,
        IReadOnlyDictionary<string, uint> @new
    )
    {
        var keyless = options.Key.Where(k => !old.ContainsKey(k) || !@new.ContainsKey(k)).ToList();
        if (keyless.Count > 0)
        {
            return (null, Message.Of("contracts.compare.key-missing", ("columns", string.Join(", ", keyless))));
        }

        var unknown = options.Expect.Keys.Where(c => c != "*" && !old.ContainsKey(c) && !@new.ContainsKey(c)).ToList();
        if (unknown.Count > 0)
        {
            return (null, Message.Of("contracts.compare.expect-unknown", ("columns", string.Join(", ", unknown))));
        }

        var key = options.Key.Select(k => ContentText.Of(k, old[k], @new[k]));
        return (
            new ContentColumns(
                $"row({string.Join(", ", key)})::pg_catalog.text collate pg_catalog.\"C\"",
                string.Join(" or ", options.Key.Select(k => $"{ContentSide.Column(k)} is null")),
                [
                    .. old
                        .Keys.Where(c => @new.ContainsKey(c) && !options.Key.Contains(c, StringComparer.Ordinal))
                        .Order(StringComparer.Ordinal)
                        .Select(c => (c, ContentText.Of(c, old[c], @new[c]))),
                ],
                [.. old.Keys.Where(c => !@new.ContainsKey(c)).Order(StringComparer.Ordinal)],
                [.. @new.Keys.Where(c => !old.ContainsKey(c)).Order(StringComparer.Ordinal)]
            ),
            null
        );
    }
}
