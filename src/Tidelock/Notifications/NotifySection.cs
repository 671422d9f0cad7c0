using Tidelock.Changes;

namespace Tidelock.Notifications;

/// <summary>Reads <c>notify:</c>.</summary>
internal sealed class NotifySection : IChangeSection
{
    public string Key => "notify";

    public string SchemaFragment => SchemaFragments.Beside<NotifySection>("notify");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (!node.Exists || !node.Only("slack").IsMapping || !node["slack"].Exists)
        {
            return new NotifyOptions(null);
        }

        node["slack"].Only("channel");
        node["slack"]["channel"].Require();
        return new NotifyOptions(node["slack"]["channel"].ExpandedText());
    }
}
