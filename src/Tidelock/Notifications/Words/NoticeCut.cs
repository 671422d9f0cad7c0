namespace Tidelock.Notifications.Words;

/// <summary>Texts that a receiver takes only up to a length.</summary>
internal static class NoticeCut
{
    /// <summary>The text, or as much of it as there is room for; never half of a letter.</summary>
    public static string Of(string text, int longest) =>
        text.Length <= longest ? text
        : char.IsHighSurrogate(text[longest - 2]) ? text[..(longest - 2)] + "…"
        : text[..(longest - 1)] + "…";
}
