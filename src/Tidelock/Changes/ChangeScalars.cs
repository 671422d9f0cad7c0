using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Changes;

/// <summary>
/// The kinds of single values a section is made of. Each gives its fallback where the author wrote nothing, and a mistake that says
/// what is allowed where the author wrote something else.
/// </summary>
public static partial class ChangeScalars
{
    /// <summary>Text as written; a number or <c>true</c> must be quoted to be text. Never empty.</summary>
    public static string Text(this ChangeNode node, string fallback = "") => Written(node) ?? fallback;

    /// <summary>Text with its <c>${VAR}</c>s put in.</summary>
    public static string ExpandedText(this ChangeNode node, string fallback = "") =>
        Written(node) is { } text ? node.Context.Variables.Expand(text, node.Mistake).Text : fallback;

    /// <summary>A libpq connection string with its <c>${VAR}</c>s put in. A password may only come from a variable.</summary>
    public static string Connection(this ChangeNode node)
    {
        RefusePassword(node);
        return node.ExpandedText();
    }

    /// <summary>
    /// A password, token or key: nothing but a variable, <c>${NAME}</c>, whose value no message repeats from then on. The fallback is one
    /// too. Null where there is none or it is written here.
    /// </summary>
    public static string? Secret(this ChangeNode node, string? fallback = null)
    {
        if ((Written(node) ?? (node.Exists ? null : fallback)) is not { } written)
        {
            return null;
        }

        if (!SecretForm().IsMatch(written))
        {
            node.Mistake(Message.Of("changes.secret", ("key", node.Key)));
            return null;
        }

        var (text, whole) = node.Context.Variables.Expand(written, node.Mistake);
        if (whole)
        {
            Secrets.OfProcess.Add(text);
        }

        return text;
    }

    /// <summary>Any single value as text: <c>5</c>, <c>true</c>, <c>some words</c>; null where there is none.</summary>
    public static string? AnyText(this ChangeNode node)
    {
        if (node.Scalar is { Kind: not ScalarKind.Nothing } scalar)
        {
            return scalar.Text;
        }

        node.RefuseKind("changes.kind.text");
        return null;
    }

    public static bool Flag(this ChangeNode node, bool fallback)
    {
        if (node.Scalar is { Kind: ScalarKind.Truth } scalar)
        {
            return scalar.Text.StartsWith("t", StringComparison.OrdinalIgnoreCase);
        }

        node.RefuseKind("changes.kind.truth");
        return fallback;
    }

    /// <summary>A whole number within its bounds, both included.</summary>
    public static int Integer(this ChangeNode node, int fallback, int least, int most)
    {
        if (node.Scalar is not { Kind: ScalarKind.Integer } scalar)
        {
            node.RefuseKind("changes.kind.integer");
            return fallback;
        }

        if (
            int.TryParse(scalar.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= least
            && number <= most
        )
        {
            return number;
        }

        node.Mistake(
            Message.Of(
                "changes.integer.bounds",
                ("key", node.Key),
                ("text", scalar.Text),
                ("least", least),
                ("most", most)
            )
        );
        return fallback;
    }

    /// <summary>A duration such as <c>50ms</c>, <c>30m</c> or <c>1h30m</c>, within its bounds, both included.</summary>
    public static TimeSpan Duration(this ChangeNode node, TimeSpan fallback, TimeSpan least, TimeSpan most)
    {
        if (node.Scalar is { Kind: ScalarKind.Integer } number)
        {
            node.Mistake(Message.Of("changes.duration.unit", ("key", node.Key), ("text", number.Text)));
            return fallback;
        }

        if (Written(node) is not { } text)
        {
            return fallback;
        }

        if (DurationText.TryParse(text) is not { } duration)
        {
            node.Mistake(Message.Of("changes.duration.form", ("key", node.Key), ("text", text)));
            return fallback;
        }

        if (duration < least || duration > most)
        {
            node.Mistake(
                Message.Of(
                    "changes.duration.bounds",
                    ("key", node.Key),
                    ("text", text),
                    ("least", least),
                    ("most", most)
                )
            );
            return fallback;
        }

        return duration;
    }

    /// <summary>One of a few words.</summary>
    public static T Word<T>(this ChangeNode node, T fallback, params (string Word, T Value)[] words)
    {
        // false and 5 are told apart from a word by the list of words, not by their kind.
        var written = node.Scalar is { Kind: not (ScalarKind.Text or ScalarKind.Nothing) } scalar
            ? scalar.Text
            : Written(node);
        if (written is not { } text)
        {
            return fallback;
        }

        foreach (var (word, value) in words)
        {
            if (string.Equals(word, text, StringComparison.Ordinal))
            {
                return value;
            }
        }

        var known = words.Select(w => w.Word).ToList();
        node.Mistake(
            NameGuess.Nearest(text, known) is { } meant
                ? Message.Of("changes.word.meant", ("key", node.Key), ("text", text), ("meant", meant))
                : Message.Of(
                    "changes.word.unknown",
                    ("key", node.Key),
                    ("text", text),
                    ("known", string.Join(", ", known))
                )
        );
        return fallback;
    }

    /// <summary>A Kubernetes workload such as <c>deployment/seedtest-api</c>; empty where there is none or a wrong one.</summary>
    public static string Workload(this ChangeNode node)
    {
        var text = node.Text();
        if (text.Length == 0 || WorkloadForm().IsMatch(text))
        {
            return text;
        }

        node.Mistake(Message.Of("changes.workload", ("text", text)));
        return "";
    }

    /// <summary>
    /// An http or https address with its <c>${VAR}</c>s put in. Where a variable is missing and not needed, a relative
    /// <see cref="Uri"/> that keeps the text. Null where there is none or a wrong one.
    /// </summary>
    public static Uri? Address(this ChangeNode node, string? fallback = null)
    {
        if ((Written(node) ?? (node.Exists ? null : fallback)) is not { } written)
        {
            return null;
        }

        RefusePassword(node);
        var (text, whole) = node.Context.Variables.Expand(written, node.Mistake);
        var begins = written.StartsWith("${", StringComparison.Ordinal);
        var blank = written.Any(char.IsWhiteSpace);
        if (!whole && !blank && (begins || IsHttp(written)))
        {
            return new Uri(written, UriKind.Relative);
        }

        if (!blank && IsHttp(text) && Uri.TryCreate(text, UriKind.Absolute, out var address))
        {
            return address;
        }

        node.Mistake(Message.Of("changes.address", ("key", node.Key), ("text", written)));
        return null;
    }

    /// <summary>A relation's name, read as PostgreSQL reads it; null where there is none or a wrong one.</summary>
    public static RelationName? Relation(this ChangeNode node)
    {
        if (Written(node) is not { } text)
        {
            return null;
        }

        var name = RelationName.TryParse(text);
        if (name is null)
        {
            node.Mistake(Message.Of("changes.relation", ("key", node.Key), ("text", text)));
        }

        return name;
    }

    /// <summary>A file of the change, by its path from the change's folder; null where there is none or it cannot be had.</summary>
    public static ChangeFile? File(this ChangeNode node)
    {
        if (Written(node) is not { } name)
        {
            return null;
        }

        var file = node.Context.Files.Read(name, out var problem);
        if (problem is null && string.IsNullOrWhiteSpace(file!.Text))
        {
            problem = Message.Of("changes.file.empty", ("file", name));
        }

        if (problem is not null)
        {
            node.Mistake(problem);
            return null;
        }

        return file;
    }

    /// <summary>
    /// A program with its arguments. One that lies in the change's folder is a file of the change, and so is the script that an interpreter from
    /// elsewhere is given: what it does is part of what is approved.
    /// </summary>
    public static List<string> Program(this ChangeNode node)
    {
        var words = node.Items.Select(w => w.Text()).ToList();
        var own =
            words.FirstOrDefault()?.Contains('/', StringComparison.Ordinal) == true
                ? words[0]
                : words.Skip(1).FirstOrDefault(w => !w.StartsWith('-'));
        if (own is { Length: > 0 })
        {
            node.Context.Files.Take(own);
        }

        return words;
    }

    /// <summary>A folder of the change, whose files all belong to the change; null where there is none or it cannot be had.</summary>
    public static string? Folder(this ChangeNode node)
    {
        if (Written(node) is not { } name)
        {
            return null;
        }

        if (node.Context.Files.ReadFolder(name) is { } problem)
        {
            node.Mistake(problem);
            return null;
        }

        return name;
    }

    /// <summary>SQL, written here or in a file: one word that ends in <c>.sql</c> names a file. Never expanded.</summary>
    public static string Sql(this ChangeNode node)
    {
        if (node.Scalar is { Kind: ScalarKind.Text } scalar && IsSqlFile(scalar.Text))
        {
            return node.File()?.Text ?? "";
        }

        return node.Text();
    }

    internal static bool IsSqlFile(string text) =>
        text.EndsWith(".sql", StringComparison.OrdinalIgnoreCase) && !text.Any(char.IsWhiteSpace);

    /// <summary>The change's files stand in every journal of its runs, in the open.</summary>
    private static void RefusePassword(ChangeNode node)
    {
        if (node.Scalar is { Kind: ScalarKind.Text } scalar && Secrets.AreWrittenIn(scalar.Text))
        {
            node.Mistake(Message.Of("changes.password", ("key", node.Key)));
        }
    }

    private static bool IsHttp(string text) =>
        text.StartsWith("http://", StringComparison.Ordinal) || text.StartsWith("https://", StringComparison.Ordinal);

    private static string? Written(ChangeNode node)
    {
        if (node.Scalar is not { Kind: ScalarKind.Text } scalar)
        {
            node.RefuseKind(
                node.Scalar is null or { Kind: ScalarKind.Nothing } ? "changes.kind.text" : "changes.kind.quotes"
            );
            return null;
        }

        if (!string.IsNullOrWhiteSpace(scalar.Text))
        {
            return scalar.Text;
        }

        node.Mistake(Message.Of("changes.text.empty", ("key", node.Key)));
        return null;
    }

    [GeneratedRegex(@"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex SecretForm();

    [GeneratedRegex(
        "^(deployment|statefulset|daemonset)/[a-z0-9]([a-z0-9.-]*[a-z0-9])?$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex WorkloadForm();
}
