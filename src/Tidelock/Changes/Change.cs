namespace Tidelock.Changes;

/// <summary>What its author declares: a folder with <c>change.yaml</c> and its files, read and found without mistakes.</summary>
public sealed class Change
{
    private readonly IReadOnlyList<object> sections;

    public Change(
        string name,
        string title,
        string folder,
        string digest,
        IReadOnlyList<ChangeFile> files,
        IReadOnlyList<TargetEnvironment> environments,
        IEnumerable<object> sections
    )
    {
        Name = name;
        Title = title;
        Folder = folder;
        Digest = digest;
        Files = files;
        Environments = environments;
        this.sections = [.. sections];
    }

    public string Name { get; }

    public string Title { get; }

    /// <summary>Who answers for the change; empty where the author names nobody.</summary>
    public string Owner { get; init; } = "";

    /// <summary>Who wrote the change; empty where the author leaves that to git.</summary>
    public string Author { get; init; } = "";

    /// <summary>Documents by title: guide, runbook, pull request.</summary>
    public IReadOnlyDictionary<string, string> Links { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Whom to call, by role.</summary>
    public IReadOnlyDictionary<string, string> Contacts { get; init; } =
        new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Absolute path of the change's folder.</summary>
    public string Folder { get; }

    /// <summary>SHA-256 in lower-case hex over the canonical change and all its files, before <c>${VAR}</c> expansion.</summary>
    public string Digest { get; }

    /// <summary>change.yaml and every file it names, in order of their paths.</summary>
    public IReadOnlyList<ChangeFile> Files { get; }

    public IReadOnlyList<TargetEnvironment> Environments { get; }

    /// <summary>The options a folder read from its own section.</summary>
    public T Section<T>()
        where T : notnull => sections.OfType<T>().First();
}
