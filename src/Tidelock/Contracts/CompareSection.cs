using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>Reads <c>compare:</c>.</summary>
internal sealed class CompareSection : IChangeSection
{
    private static readonly CompareOptions None = new([], new Dictionary<string, ContentExpectation>());

    public string Key => "compare";

    public string SchemaFragment => SchemaFragments.Beside<CompareSection>("compare");

    public bool PerEnvironment => false;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (!node.Exists || !node.Only("key", "expect").IsMapping)
        {
            return None;
        }

        node["key"].Require();
        var key = node["key"].Items.Select(c => c.Text()).ToList();
        if (node["key"].IsList && key.Count == 0)
        {
            node["key"].Mistake(Message.Of("contracts.compare.no-key"));
        }

        return new CompareOptions(
            key,
            node["expect"].Entries.ToDictionary(e => e.Key, e => ReadExpectation(e.Value), StringComparer.Ordinal)
        );
    }

    private static ContentExpectation ReadExpectation(ChangeNode node) =>
        node.Word(ContentExpectation.Same, ("same", ContentExpectation.Same), ("changed", ContentExpectation.Changed));
}
