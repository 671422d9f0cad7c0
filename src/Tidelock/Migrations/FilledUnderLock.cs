using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>That materialized views are filled while readers wait, because they could not be built beside.</summary>
/// <param name="Relation">The relation of the change.</param>
/// <param name="Views">The materialized views.</param>
/// <param name="Reason">Why they could not.</param>
public sealed record FilledUnderLock(RelationName Relation, IReadOnlyList<RelationName> Views, Message Reason)
{
    /// <summary>That it was so.</summary>
    public Message Told => Says("migrations.beside.not");

    /// <summary>That the way there will be so, when it was rehearsed.</summary>
    public Message Foretold => Says("migrations.beside.will-not");

    /// <summary>The same of the way back.</summary>
    public Message ForetoldBack => Says("migrations.beside.back-will-not");

    /// <summary>That it would have been so and nobody had been told beforehand.</summary>
    public Message Unannounced => Says("migrations.beside.unannounced");

    /// <summary>Whether it is in what was said: of the same relation, and of all these materialized views.</summary>
    public bool IsForetoldIn(Message said) =>
        (
            said.Code == Foretold.Code
            && said.Arguments["relation"] == Foretold.Arguments["relation"]
            && !ViewsOf(Foretold).Except(ViewsOf(said), StringComparer.Ordinal).Any()
        )
        || said.Parts?.Values.Any(IsForetoldIn) == true;

    private static string[] ViewsOf(Message message) => message.Arguments["views"].Split(", ");

    private Message Says(string code) =>
        Message.Of(code, ("relation", Relation), ("views", string.Join(", ", Views)), ("reason", Reason));
}
