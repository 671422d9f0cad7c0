using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Notifications.Command;

/// <summary>A program of the team's own: a list of words, or a mapping that has one.</summary>
internal sealed class CommandKind : IChannelKind
{
    public const string Name = "command";

    private static readonly TimeSpan Usual = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(25);

    public string Key => Name;

    public string SchemaFragment => SchemaFragments.Beside<CommandKind>("command");

    public ChannelOptions? Read(ChangeNode channel)
    {
        if (!channel.IsList && !channel.Only("run", "within", ChannelOptions.LanguageKey).IsMapping)
        {
            return null;
        }

        var run = channel.IsList ? channel : channel["run"];
        if (!run.Require())
        {
            return null;
        }

        var words = run.Program();
        if (run.IsList && words.Count == 0)
        {
            run.Mistake(Message.Of("notifications.command.empty"));
        }

        var within = channel["within"].Duration(Usual, Least, Most);
        var language = ChannelOptions.ReadLanguage(channel);
        return words.Count == 0 || words.Contains("", StringComparer.Ordinal)
            ? null
            : new CommandOptions(words, within, language);
    }

    public IChannel? Create(ChannelOptions options, ChannelContext context) =>
        options is CommandOptions command ? new CommandChannel(command, context) : null;
}
