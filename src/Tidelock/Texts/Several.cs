namespace Tidelock.Texts;

/// <summary>Several messages as one, so that each is still shown in the reader's language.</summary>
internal static class Several
{
    private const int Shown = 5;

    /// <summary>The first of them, and how many more there are.</summary>
    public static Message Of(IReadOnlyList<Message> messages) => Of(messages, Shown);

    /// <summary>All of them, however many: for what is told nowhere else.</summary>
    public static Message All(IReadOnlyList<Message> messages) => Of(messages, messages.Count);

    private static Message Of(IReadOnlyList<Message> messages, int count)
    {
        var shown = messages.Take(count).Reverse().ToList();
        var text =
            messages.Count <= count
                ? shown[0]
                : Message.Of("texts.more", ("one", shown[0]), ("more", messages.Count - count));
        return shown.Skip(1).Aggregate(text, (rest, one) => Message.Of("texts.and", ("one", one), ("rest", rest)));
    }
}
