using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A whole schema as pg_dump writes it, object by object: <c>TABLE public.exam_results</c>.</summary>
internal sealed class SchemaText
{
    private const string Heading = "-- Name: ";
    private const string End = "-- PostgreSQL database dump complete";

    private readonly IReadOnlyDictionary<string, string> objects;

    private SchemaText(IReadOnlyDictionary<string, string> objects) => this.objects = objects;

    public static SchemaText Parse(string dump)
    {
        var objects = new Dictionary<string, string>(StringComparer.Ordinal);
        var name = (string?)null;
        var body = new List<string>();
        foreach (var line in dump.Split('\n').TakeWhile(l => l != End))
        {
            if (line.StartsWith(Heading, StringComparison.Ordinal))
            {
                Keep();
                name = NameOf(line);
                body.Clear();
            }
            else if (line.Length > 0 && !IsNoise(line))
            {
                body.Add(line);
            }
        }

        Keep();
        return new SchemaText(objects);

        void Keep()
        {
            if (name is not null)
            {
                // The order of grants says nothing.
                var lines = name.StartsWith("ACL ", StringComparison.Ordinal)
                    ? body.Order(StringComparer.Ordinal)
                    : (IEnumerable<string>)body;
                objects[name] = string.Join('\n', lines);
            }
        }
    }

    /// <summary>What is lost, new or other in <paramref name="later"/>.</summary>
    /// <param name="later">The schema after the way there and back.</param>
    /// <param name="viewsToo">Whether the text of views counts; their names always do.</param>
    public IReadOnlyList<Message> Differences(SchemaText later, bool viewsToo) =>
        [
            .. objects
                .Keys.Except(later.objects.Keys, StringComparer.Ordinal)
                .Select(o => Message.Of("rehearsals.object.lost", ("object", o))),
            .. later
                .objects.Keys.Except(objects.Keys, StringComparer.Ordinal)
                .Select(o => Message.Of("rehearsals.object.left", ("object", o))),
            .. objects
                .Where(o => viewsToo || !IsView(o.Key))
                .Where(o => later.objects.TryGetValue(o.Key, out var now) && now != o.Value)
                .Select(o => Message.Of("rehearsals.object.changed", ("object", o.Key))),
        ];

    private static bool IsView(string name) =>
        name.StartsWith("VIEW ", StringComparison.Ordinal)
        || name.StartsWith("MATERIALIZED VIEW ", StringComparison.Ordinal);

    /// <summary>Of <c>-- Name: x; Type: TABLE; Schema: public; Owner: y</c>.</summary>
    private static string NameOf(string heading)
    {
        var type = heading.LastIndexOf("; Type: ", StringComparison.Ordinal);
        var schema = heading.LastIndexOf("; Schema: ", StringComparison.Ordinal);
        var owner = heading.LastIndexOf("; Owner: ", StringComparison.Ordinal);
        if (type < 0 || schema < type || owner < schema)
        {
            return heading[Heading.Length..];
        }

        var inSchema = heading[(schema + 10)..owner];
        return $"{heading[(type + 8)..schema]} {(inSchema == "-" ? "" : inSchema + ".")}{heading[Heading.Length..type]}"
            + (heading.Length > owner + 9 ? $" ({heading[(owner + 9)..]})" : "");
    }

    private static bool IsNoise(string line) =>
        line == "--" || line.StartsWith('\\') || line.StartsWith("SET default_", StringComparison.Ordinal);
}
