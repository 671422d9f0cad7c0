using System.Globalization;
using Superpower;
using Superpower.Model;
using Superpower.Parsers;
using Tidelock.Changes;

namespace Tidelock.Watching;

/// <summary>
/// The criterion language: comparisons, <c>within N% of baseline</c>, <c>downstream fails</c>, <c>contract broken</c>, joined by
/// <c>and</c> (binds closer) and <c>or</c>, in parentheses where needed; one <c>for</c> at the end gives the window of all of it, and <c>gross</c> after it
/// the bound of a single comparison from which on nobody waits for the window.
/// </summary>
internal static class CriterionGrammar
{
    private static readonly string[] Keywords = ["and", "or", "for", "within", "of", "baseline", "per", "gross"];

    private static readonly TokenListParser<CriterionToken, double> Number = Token
        .EqualTo(CriterionToken.Number)
        .Select(t => double.Parse(t.ToStringValue(), CultureInfo.InvariantCulture))
        .Named("a number");

    private static readonly TokenListParser<CriterionToken, PlacedWord> Signal = Token
        .EqualTo(CriterionToken.Word)
        .Where(t => !Keywords.Contains(t.ToStringValue(), StringComparer.Ordinal))
        .Select(t => new PlacedWord(t.ToStringValue(), t.Position.Column))
        .Named("a signal");

    private static readonly TokenListParser<CriterionToken, Comparator> Comparators = Token
        .EqualTo(CriterionToken.Above)
        .Value(Comparator.Above)
        .Or(Token.EqualTo(CriterionToken.AtLeast).Value(Comparator.AtLeast))
        .Or(Token.EqualTo(CriterionToken.Below).Value(Comparator.Below))
        .Or(Token.EqualTo(CriterionToken.AtMost).Value(Comparator.AtMost))
        .Named("<, <=, > or >=");

    private static readonly TokenListParser<CriterionToken, BoundUnit> Unit = Token
        .EqualTo(CriterionToken.Percent)
        .Value(BoundUnit.Percent)
        .Or(Token.EqualTo(CriterionToken.Slash).Or(Word("per")).IgnoreThen(UnitWord(BoundUnit.Per)))
        .Or(UnitWord(BoundUnit.Duration))
        .Named("a unit (%, ms, s, /s, per minute)");

    private static readonly TokenListParser<CriterionToken, BoundSyntax> Bound =
        from place in Token.EqualTo(CriterionToken.Number).Named("a number")
        let number = double.Parse(place.ToStringValue(), CultureInfo.InvariantCulture)
        from bound in Word("x")
            .IgnoreThen(Word("baseline"))
            .Value((BoundSyntax)new BaselineBoundSyntax(number, place.Position.Column))
            .Or(
                Unit.OptionalOrDefault(BoundUnit.None)
                    .Select(u => (BoundSyntax)new FixedBoundSyntax(number, u, place.Position.Column))
            )
        select bound;

    private static readonly TokenListParser<CriterionToken, Func<PlacedWord, CriterionSyntax>> Comparison =
        from comparator in Comparators
        from bound in Bound
        select new Func<PlacedWord, CriterionSyntax>(signal => new ComparisonSyntax(signal, comparator, bound));

    private static readonly TokenListParser<CriterionToken, Func<PlacedWord, CriterionSyntax>> Within =
        from within in Word("within")
        from place in Token.EqualTo(CriterionToken.Number).Named("a number")
        let share = double.Parse(place.ToStringValue(), CultureInfo.InvariantCulture)
        from percent in Token.EqualTo(CriterionToken.Percent).Named("%")
        from of in Word("of")
        from baseline in Word("baseline")
        select new Func<PlacedWord, CriterionSyntax>(signal => new WithinSyntax(signal, share, place.Position.Column));

    private static readonly TokenListParser<CriterionToken, CriterionSyntax> Fault = Faults(
            BuiltInSignals.Downstream,
            "fails",
            "works"
        )
        .Or(Faults(BuiltInSignals.Contract, "broken", "holds"));

    private static readonly TokenListParser<CriterionToken, CriterionSyntax> Factor = Fault
        .Or(from signal in Signal from rest in Comparison.Or(Within) select rest(signal))
        .Or(
            Superpower
                .Parse.Ref(() => Either!)
                .Between(Token.EqualTo(CriterionToken.Open), Token.EqualTo(CriterionToken.Close))
        );

    private static readonly TokenListParser<CriterionToken, CriterionSyntax> Both = Superpower.Parse.Chain(
        Word("and"),
        Factor,
        (_, left, right) => new BothSyntax(left, right)
    );

    private static readonly TokenListParser<CriterionToken, CriterionSyntax> Either = Superpower.Parse.Chain(
        Word("or"),
        Both,
        (_, left, right) => new EitherSyntax(left, right)
    );

    private static readonly TokenListParser<CriterionToken, TimeSpan> Duration = Token
        .EqualTo(CriterionToken.CompoundDuration)
        .Where(t => DurationText.TryParse(t.ToStringValue()) is not null)
        .Select(t => DurationText.TryParse(t.ToStringValue())!.Value)
        .Or(
            from number in Number
            from unit in UnitWord(BoundUnit.Duration).Named("s, m or h")
            select TimeSpan.FromSeconds(number * unit.Size)
        );

    private static readonly TokenListParser<CriterionToken, GrossSyntax> Gross =
        from word in Word("gross")
        from bound in Bound
        select new GrossSyntax(bound, word.Position.Column);

    public static TokenListParser<CriterionToken, (CriterionSyntax Syntax, TimeSpan? For)> Criterion { get; } =
        from syntax in Either
        from window in Word("for").IgnoreThen(Duration).Select(d => (TimeSpan?)d).OptionalOrDefault()
        from gross in Gross.AsNullable().OptionalOrDefault()
        select (gross is null ? syntax : new WithGrossSyntax(syntax, gross), window);

    private static TokenListParser<CriterionToken, Token<CriterionToken>> Word(string word) =>
        Token.EqualToValue(CriterionToken.Word, word).Named(word);

    private static TokenListParser<CriterionToken, BoundUnit> UnitWord(Func<string, BoundUnit?> unit) =>
        Token
            .EqualTo(CriterionToken.Word)
            .Where(t => unit(t.ToStringValue()) is not null)
            .Select(t => unit(t.ToStringValue())!);

    private static TokenListParser<CriterionToken, CriterionSyntax> Faults(string signal, string broken, string fine) =>
        from name in Token.EqualToValue(CriterionToken.Word, signal)
        from state in Word(broken).Value(FaultState.Broken).Or(Word(fine).Value(FaultState.Fine))
        select (CriterionSyntax)new FaultSyntax(new PlacedWord(signal, name.Position.Column), state);
}
