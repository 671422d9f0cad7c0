using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Evidence.Keeping;

/// <summary>Reads <c>evidence:</c>.</summary>
internal sealed class EvidenceSection : IChangeSection
{
    public string Key => "evidence";

    public string SchemaFragment => SchemaFragments.Beside<EvidenceSection>("evidence");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (node.Exists)
        {
            node.Only("key", "out", "anchors");
        }

        var (key, file) = (node["key"].ExpandedText(), node["out"].ExpandedText());
        if (node["key"].Exists != node["out"].Exists)
        {
            node.Mistake(Message.Of("evidence.keep.half"));
        }

        return new EvidenceOptions(
            key.Length == 0 ? null : key,
            file.Length == 0 ? null : file,
            [.. node["anchors"].Items.Select(i => i.ExpandedText()).Where(t => t.Length > 0)]
        );
    }
}
