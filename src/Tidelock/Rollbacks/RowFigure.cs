using System.Globalization;

namespace Tidelock.Rollbacks;

/// <summary>Rows as people read many of them, in either language: <c>12,431</c>.</summary>
internal static class RowFigure
{
    public static string Of(long rows) => rows.ToString("N0", CultureInfo.InvariantCulture);
}
