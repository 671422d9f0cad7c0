using Tidelock.Changes;

namespace Tidelock.Notifications;

/// <summary>Reads <c>notify:</c>.</summary>
/// <param name="kinds">The kinds of channels there are.</param>
internal sealed class NotifySection(IReadOnlyList<IChannelKind> kinds) : IChangeSection
{
    public string Key => "notify";

    public string SchemaFragment =>
        SchemaFragments
            .Beside<NotifySection>("notify")
            .Replace(
                "\"CHANNELS\": true",
                string.Join(",", kinds.Select(k => $"\"{k.Key}\": {k.SchemaFragment}")),
                StringComparison.Ordinal
            );

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (!node.Exists || !node.Only([.. kinds.Select(k => k.Key)]).IsMapping)
        {
            return new NotifyOptions([]);
        }

        return new NotifyOptions([
            .. kinds.Where(k => node[k.Key].Exists).Select(k => k.Read(node[k.Key])).OfType<ChannelOptions>(),
        ]);
    }
}
