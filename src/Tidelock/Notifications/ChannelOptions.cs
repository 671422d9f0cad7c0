using Tidelock.Changes;

namespace Tidelock.Notifications;

/// <summary>A channel as its author declares it under <c>notify:</c>.</summary>
/// <param name="Kind">The key of its kind: <c>slack</c>.</param>
/// <param name="Language">Two letters: the language of what it tells.</param>
public abstract record ChannelOptions(string Kind, string Language)
{
    /// <summary>The key every channel may have.</summary>
    internal const string LanguageKey = "language";

    internal static string ReadLanguage(ChangeNode channel) =>
        channel[LanguageKey].Word("en", ("en", "en"), ("ko", "ko"));
}
