namespace Tidelock.Notifications.Command;

/// <summary><c>notify.command</c>: a program that is told on its standard input.</summary>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Within">How long it may take for one notice.</param>
/// <param name="Language">Of what is told.</param>
public sealed record CommandOptions(IReadOnlyList<string> Words, TimeSpan Within, string Language)
    : ChannelOptions(CommandKind.Name, Language);
