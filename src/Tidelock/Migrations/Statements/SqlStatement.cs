using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>One statement of an author's file.</summary>
/// <param name="File">The file.</param>
/// <param name="Number">From 1.</param>
/// <param name="Tokens">Its tokens, at least one, without the semicolon; their places are those in the file.</param>
internal sealed record SqlStatement(ChangeFile File, int Number, IReadOnlyList<SqlToken> Tokens)
{
    private const int ShownLength = 80;

    /// <summary>From its first token to its last, as written.</summary>
    public string Text => File.Text[Tokens[0].Start..Tokens[^1].End];

    public int Line => LineOf(File.Text, Tokens[0].Start);

    /// <summary>What people recognise it by: its beginning in one line, up to the first string, because that may be secret.</summary>
    public string Shown
    {
        get
        {
            var open = Tokens.TakeWhile(t => t.Kind is not (SqlTokenKind.Literal or SqlTokenKind.Opaque)).ToList();
            var shown = open.Count == 0 ? "" : File.Text[open[0].Start..open[^1].End];
            shown = string.Join(' ', shown.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return shown.Length > ShownLength ? shown[..ShownLength] + "…"
                : open.Count < Tokens.Count ? shown + " …"
                : shown;
        }
    }

    /// <summary>Whether it begins with these words.</summary>
    public bool Begins(params string[] words) =>
        Tokens.Count >= words.Length && words.Select((w, i) => Tokens[i].IsWord(w)).All(same => same);

    public bool Has(string word) => Tokens.Any(t => t.IsWord(word));

    public Message Mistake(string code) => Message.Of(code, ("file", File.Path), ("line", Line), ("statement", Shown));

    internal static int LineOf(string text, int at) => text.AsSpan(0, at).Count('\n') + 1;
}
