using Tidelock.Texts;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Tidelock.Changes;

/// <summary>
/// Reads YAML into values with positions. What would make a file mean something else than it seems to (anchors, merge keys, tags,
/// several documents, a key given twice) is a mistake.
/// </summary>
internal sealed class ChangeParser
{
    private const int DeepestNesting = 32;

    private readonly Scanner scanner;
    private readonly Parser events;
    private readonly MistakeList mistakes;
    private int depth;

    private ChangeParser(string text, MistakeList mistakes)
    {
        scanner = new Scanner(new StringReader(text));
        events = new Parser(scanner);
        this.mistakes = mistakes;
    }

    /// <summary>The document's root; null when there is none or its syntax is broken, with the mistake added.</summary>
    public static ChangeValue? Parse(string text, MistakeList mistakes)
    {
        var parser = new ChangeParser(text, mistakes);
        try
        {
            return parser.Document();
        }
        catch (MaximumRecursionLevelReachedException e)
        {
            // Reading on would take the scanner time that grows with the square of the depth.
            mistakes.Add(At(e.Start), Message.Of("changes.yaml.deep", ("most", DeepestNesting)));
        }
        catch (YamlException e)
        {
            // Some of the scanner's exceptions have no position of their own.
            var at = e.End.Index > 0 ? e.End : parser.scanner.CurrentPosition;
            mistakes.Add(At(at), Message.Of("changes.yaml.syntax", ("problem", e.Message.TrimEnd('.'))));
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The scanner throws these for some broken files instead of saying what is wrong.
            mistakes.Add(At(parser.scanner.CurrentPosition), Message.Of("changes.yaml.broken"));
        }

        return null;
    }

    private ChangeValue? Document()
    {
        events.Consume<StreamStart>();
        if (!events.TryConsume<DocumentStart>(out _))
        {
            mistakes.Add(new Place(1, 1), Message.Of("changes.empty"));
            return null;
        }

        var root = Value();
        events.Consume<DocumentEnd>();
        if (events.Accept<DocumentStart>(out var second))
        {
            mistakes.Add(At(second.Start), Message.Of("changes.yaml.documents"));
        }

        return root;
    }

    private ChangeValue Value()
    {
        if (events.TryConsume<AnchorAlias>(out var alias))
        {
            mistakes.Add(At(alias.Start), Message.Of("changes.yaml.anchor", ("name", "*" + alias.Value.Value)));
            return Refused(alias);
        }

        var node = events.Require<NodeEvent>();
        RefuseAnchorAndTag(node);
        if (++depth > DeepestNesting)
        {
            throw new MaximumRecursionLevelReachedException(node.Start, node.End, "");
        }

        ChangeValue value = node switch
        {
            MappingStart => Mapping(),
            SequenceStart => List(),
            _ => Scalar(events.Consume<Scalar>()),
        };
        depth--;
        return value;
    }

    private void RefuseAnchorAndTag(NodeEvent node)
    {
        if (!node.Anchor.IsEmpty)
        {
            mistakes.Add(At(node.Start), Message.Of("changes.yaml.anchor", ("name", "&" + node.Anchor.Value)));
        }

        if (!node.Tag.IsEmpty)
        {
            mistakes.Add(At(node.Start), Message.Of("changes.yaml.tag", ("tag", node.Tag.Value)));
        }
    }

    private ChangeList List()
    {
        var start = events.Consume<SequenceStart>();
        var items = new List<ChangeValue>();
        while (!events.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Value());
        }

        return new ChangeList(At(start.Start), items);
    }

    private ChangeMapping Mapping()
    {
        var start = events.Consume<MappingStart>();
        var entries = new Dictionary<string, ChangeEntry>(StringComparer.Ordinal);
        while (!events.TryConsume<MappingEnd>(out _))
        {
            var key = Value();
            var value = Value();
            Enter(entries, key, value);
        }

        return new ChangeMapping(At(start.Start), [.. entries.Values]);
    }

    private void Enter(Dictionary<string, ChangeEntry> entries, ChangeValue key, ChangeValue value)
    {
        if (key is ChangeRefused)
        {
            return;
        }

        if (key is not ChangeScalar { Kind: ScalarKind.Text } name)
        {
            mistakes.Add(key.At, Message.Of("changes.yaml.key", ("found", ScalarKinds.Word(key))));
        }
        else if (name is { Text: "<<", Content: not null })
        {
            mistakes.Add(key.At, Message.Of("changes.yaml.merge"));
        }
        else if (entries.TryGetValue(name.Text, out var first))
        {
            mistakes.Add(key.At, Message.Of("changes.yaml.twice", ("key", name.Text), ("line", first.At.Line)));
        }
        else
        {
            entries.Add(name.Text, new ChangeEntry(name.At, name.Text, value));
        }
    }

    private static ChangeScalar Scalar(Scalar scalar)
    {
        var kind = scalar.Style == ScalarStyle.Plain ? ScalarKinds.OfPlain(scalar.Value) : ScalarKind.Text;
        return new ChangeScalar(At(scalar.Start), scalar.Value, kind, Content(scalar));
    }

    /// <summary>Escapes, folding and block styles move a text's columns; then only its beginning can be pointed at.</summary>
    private static Place? Content(Scalar scalar)
    {
        var quotes = scalar.Style is ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted ? 1 : 0;
        return
            scalar.Start.Line == scalar.End.Line
            && scalar.End.Column - scalar.Start.Column == scalar.Value.Length + (2 * quotes)
            ? new Place((int)scalar.Start.Line, (int)scalar.Start.Column + quotes)
            : null;
    }

    private static ChangeRefused Refused(ParsingEvent at) => new(At(at.Start));

    private static Place At(Mark mark) => new((int)Math.Max(mark.Line, 1), (int)Math.Max(mark.Column, 1));
}
