using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Rollbacks;

/// <summary>Rows as people read many of them, in either language: <c>12,431</c>.</summary>
internal static class RowFigure
{
    public static string Of(long rows) => rows.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Rows that were written: a question mark where that is not known, and in words where it may be more.</summary>
    public static object Of(long? rows, bool atLeast) =>
        rows is not { } known ? "?"
        : atLeast ? Message.Of("rollbacks.lost.at-least", ("rows", Of(known)))
        : Of(known);
}
