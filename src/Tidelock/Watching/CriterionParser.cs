using System.Diagnostics.CodeAnalysis;
using Superpower;
using Superpower.Model;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Watching;

/// <summary>Reads criteria as authors write them.</summary>
public static class CriterionParser
{
    /// <summary>Reads one criterion against the declared signals and their units.</summary>
    /// <param name="text">As written: <c>error_rate &gt; 1% for 5m</c>.</param>
    /// <param name="signals">The declared signals; <c>downstream</c> and <c>contract</c> are known without being declared.</param>
    /// <param name="criterion">The criterion; null when there is a problem.</param>
    /// <param name="problem">The first thing that is wrong, with the mend.</param>
    /// <param name="column">Where it is, from 1; 0 when nothing is wrong.</param>
    public static bool TryParse(
        string text,
        IReadOnlyDictionary<string, SignalUnit> signals,
        [NotNullWhen(true)] out Criterion? criterion,
        [NotNullWhen(false)] out Message? problem,
        out int column
    )
    {
        criterion = null;
        if (Read(text, out problem, out column) is not var (syntax, window))
        {
            problem ??= Message.Of("watching.syntax.empty");
            return false;
        }

        var binding = new CriterionBinding(signals);
        if (syntax.Bind(binding) is not { } condition)
        {
            (problem, column) = (binding.Problem!, binding.Column);
            return false;
        }

        criterion = new Criterion(text, condition, window);
        return true;
    }

    private static (CriterionSyntax, TimeSpan?)? Read(string text, out Message? problem, out int column)
    {
        (problem, column) = (null, 0);
        if (string.IsNullOrWhiteSpace(text))
        {
            (problem, column) = (Message.Of("watching.syntax.empty"), 1);
            return null;
        }

        var tokens = CriterionTokens.Tokenizer.TryTokenize(text);
        if (!tokens.HasValue)
        {
            column = Column(tokens.ErrorPosition, text);
            problem = Message.Of("watching.syntax.sign", ("sign", Rest(text, column)[..1]));
            return null;
        }

        var parsed = CriterionGrammar.Criterion.AtEnd().TryParse(tokens.Value);
        if (parsed.HasValue)
        {
            return parsed.Value;
        }

        column = Column(parsed.ErrorPosition, text);
        problem = Unexpected(Found(text, column), parsed.Expectations ?? []);
        return null;
    }

    private static Message Unexpected(string found, string[] expected) =>
        (found, expected) switch
        {
            ("", []) => Message.Of("watching.syntax.unfinished"),
            ("", _) => Message.Of("watching.syntax.unfinished-expected", ("expected", string.Join(", ", expected))),
            (_, []) => Message.Of("watching.syntax.unexpected", ("found", found)),
            _ => Message.Of(
                "watching.syntax.unexpected-expected",
                ("found", found),
                ("expected", string.Join(", ", expected))
            ),
        };

    private static int Column(Position position, string text) =>
        position.HasValue ? position.Column : text.TrimEnd().Length + 1;

    private static string Rest(string text, int column) => text[Math.Min(column - 1, text.Length - 1)..];

    private static string Found(string text, int column) =>
        column > text.Length ? "" : Rest(text, column).Split(' ', 2)[0];
}
