using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>
/// A value of a change file with its position and its full key (<c>watch.for</c>). Reading it wrongly adds a mistake and gives a
/// default, so that a reader goes on and all mistakes are found at once.
/// </summary>
public sealed class ChangeNode
{
    private readonly ReadingContext context;
    private readonly ChangeValue? value;
    private readonly Place at;

    internal ChangeNode(ReadingContext context, ChangeValue? value, string key, Place at)
    {
        this.context = context;
        this.value = value;
        this.at = value?.At ?? at;
        Key = key;
    }

    /// <summary>Where it stands, for people: <c>watch.probes.p95</c>, <c>smoke[2].sql</c>.</summary>
    public string Key { get; }

    /// <summary>Whether the author wrote it.</summary>
    public bool Exists => value is not null;

    public bool IsMapping => value is ChangeMapping;

    public bool IsList => value is ChangeList;

    internal ChangeScalar? Scalar => value as ChangeScalar;

    internal ReadingContext Context => context;

    internal Place At => at;

    /// <summary>What stands here in 64 characters, whatever its layout; null where the author wrote nothing.</summary>
    internal string? Digest => value is null ? null : ChangeDigest.Of(value, []);

    /// <summary>The value of a key; a node that does not exist where the author did not write it or this is no mapping.</summary>
    public ChangeNode this[string key]
    {
        get
        {
            var entry = (value as ChangeMapping)?.Find(key);
            return new ChangeNode(context, entry?.Value, Key.Length == 0 ? key : $"{Key}.{key}", at);
        }
    }

    /// <summary>Keys and values in the author's order; a mistake where it is something else than a mapping.</summary>
    public IReadOnlyList<KeyValuePair<string, ChangeNode>> Entries
    {
        get
        {
            if (value is ChangeMapping mapping)
            {
                return [.. mapping.Entries.Select(e => KeyValuePair.Create(e.Key, this[e.Key]))];
            }

            RefuseKind("changes.kind.mapping");
            return [];
        }
    }

    /// <summary>The items of a list; a mistake where it is something else.</summary>
    public IReadOnlyList<ChangeNode> Items
    {
        get
        {
            if (value is ChangeList list)
            {
                return [.. list.Items.Select((item, i) => new ChangeNode(context, item, $"{Key}[{i + 1}]", at))];
            }

            RefuseKind("changes.kind.list");
            return [];
        }
    }

    /// <summary>Says which keys there are: every other one is a mistake, with what was probably meant.</summary>
    public ChangeNode Only(params string[] keys)
    {
        if (value is not ChangeMapping mapping)
        {
            RefuseKind("changes.kind.mapping");
            return this;
        }

        foreach (var entry in mapping.Entries.Where(e => !keys.Contains(e.Key, StringComparer.Ordinal)))
        {
            context.Mistakes.Add(entry.At, Unknown(entry.Key, keys));
        }

        return this;
    }

    /// <summary>Adds the mistake that a key is absent which has no default. Returns whether it is there.</summary>
    public bool Require()
    {
        if (!Exists)
        {
            Mistake(Message.Of("changes.key.missing", ("key", Key)));
        }

        return Exists;
    }

    /// <summary>Adds a mistake at this value.</summary>
    public void Mistake(Message problem) => context.Mistakes.Add(at, problem);

    /// <summary>Adds a mistake inside this text, at a column counted from 1 in it.</summary>
    public void Mistake(Message problem, int column) =>
        context.Mistakes.Add(
            Scalar?.Content is { } content ? content with { Column = content.Column + Math.Max(column, 1) - 1 } : at,
            problem
        );

    /// <summary>Adds a mistake at a key of this mapping rather than at its value.</summary>
    public void MistakeAtKey(string key, Message problem) =>
        context.Mistakes.Add((value as ChangeMapping)?.Find(key)?.At ?? at, problem);

    /// <summary>Adds the mistake that the value is of another kind; nothing where there is no value.</summary>
    internal void RefuseKind(string code)
    {
        if (value is not null and not ChangeRefused)
        {
            Mistake(Message.Of(code, ("key", Key), ("found", ScalarKinds.Word(value))));
        }
    }

    private Message Unknown(string key, string[] keys)
    {
        var within = Key.Length == 0 ? Path.GetFileName(context.Mistakes.File) : Key;
        return NameGuess.Nearest(key, keys) is { } meant
            ? Message.Of("changes.key.meant", ("key", key), ("within", within), ("meant", meant))
            : Message.Of("changes.key.unknown", ("key", key), ("within", within), ("known", string.Join(", ", keys)));
    }
}
