using Superpower;
using Superpower.Model;
using Superpower.Parsers;
using Superpower.Tokenizers;

namespace Tidelock.Watching;

internal enum CriterionToken
{
    Word,
    Number,
    CompoundDuration,
    Percent,
    Slash,
    AtLeast,
    AtMost,
    Above,
    Below,
    Open,
    Close,
}

/// <summary>Splits a criterion into words, numbers and signs; <c>5m</c> is a number and a word.</summary>
internal static class CriterionTokens
{
    private static readonly TextParser<TextSpan> Name = Span.MatchedBy(
        Character
            .Letter.Or(Character.EqualTo('_'))
            .IgnoreThen(Character.LetterOrDigit.Or(Character.In('_', '-', '.')).Many())
    );

    /// <summary><c>1h30m</c>; a single <c>5m</c> stays a number and its unit.</summary>
    private static readonly TextParser<TextSpan> CompoundDuration = Span.MatchedBy(
        Part().IgnoreThen(Part().AtLeastOnce())
    );

    public static Tokenizer<CriterionToken> Tokenizer { get; } =
        new TokenizerBuilder<CriterionToken>()
            .Ignore(Span.WhiteSpace)
            .Match(Span.EqualTo(">="), CriterionToken.AtLeast)
            .Match(Span.EqualTo("<="), CriterionToken.AtMost)
            .Match(Character.EqualTo('>'), CriterionToken.Above)
            .Match(Character.EqualTo('<'), CriterionToken.Below)
            .Match(Character.EqualTo('%'), CriterionToken.Percent)
            .Match(Character.EqualTo('/'), CriterionToken.Slash)
            .Match(Character.EqualTo('('), CriterionToken.Open)
            .Match(Character.EqualTo(')'), CriterionToken.Close)
            .Match(CompoundDuration, CriterionToken.CompoundDuration)
            .Match(Numerics.Decimal, CriterionToken.Number)
            .Match(Name, CriterionToken.Word)
            .Build();

    private static TextParser<TextSpan> Part() =>
        Numerics.Natural.IgnoreThen(Span.MatchedBy(Character.Letter.AtLeastOnce()));
}
