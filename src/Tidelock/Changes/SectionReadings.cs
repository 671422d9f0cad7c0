namespace Tidelock.Changes;

/// <summary>What sections were read as, in the order of the list of sections.</summary>
public sealed class SectionReadings
{
    internal SectionReadings(IReadOnlyList<string> environments, string? environment) =>
        (Environments, Environment) = (environments, environment);

    /// <summary>The names of all environments of the change.</summary>
    public IReadOnlyList<string> Environments { get; }

    /// <summary>The environment they are read for; null where the change's own keys alone count.</summary>
    public string? Environment { get; }

    private readonly List<object> options = [];

    /// <summary>The options of a section that comes earlier; a base type finds its kinds.</summary>
    public T Get<T>()
        where T : notnull => options.OfType<T>().First();

    internal IReadOnlyList<object> All => options;

    internal void Add(object read) => options.Add(read);
}
