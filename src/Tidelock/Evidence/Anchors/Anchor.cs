using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Runs;

namespace Tidelock.Evidence.Anchors;

/// <summary>
/// A point of a chain, written down outside of it: what was cut off or written anew later shows by it. As text it is one
/// token, <c>tidelock:RUN:SEQUENCE:HASH</c>, with <c>DIGEST@ENVIRONMENT</c> instead of the run for a chain beside the runs, the same in every language, which stands in notices, files and git alike.
/// </summary>
/// <param name="Run">The run, or another stream of the journal.</param>
/// <param name="Sequence">The entry's number.</param>
/// <param name="Hash">Its hash.</param>
public sealed partial record Anchor(string Run, long Sequence, string Hash)
{
    public static Anchor Of(JournalEntry entry) => new(entry.Stream, entry.Sequence, entry.Hash);

    /// <summary>Those of a run in any text: a notice that was copied, a file, a log of git.</summary>
    public static IReadOnlyList<Anchor> In(string text, string run) =>
        [
            .. Token()
                .Matches(text)
                .Select(m => new Anchor(
                    m.Groups["run"].Value,
                    long.Parse(m.Groups["sequence"].ValueSpan, CultureInfo.InvariantCulture),
                    m.Groups["hash"].Value
                ))
                .Where(a => string.Equals(a.Run, run, StringComparison.Ordinal))
                .Distinct(),
        ];

    public override string ToString() => FormattableString.Invariant($"tidelock:{Run}:{Sequence}:{Hash}");

    [GeneratedRegex(
        "tidelock:(?<run>[0-9A-Z]{26}|[0-9a-f]{64}@[0-9a-z-]+(/soak)?):(?<sequence>[1-9][0-9]{0,17}):(?<hash>[0-9a-f]{64})(?![0-9a-f])",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex Token();
}
