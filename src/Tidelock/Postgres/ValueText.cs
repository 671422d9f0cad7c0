using System.Globalization;
using Npgsql;

namespace Tidelock.Postgres;

/// <summary>A value of any type as text, independent of the machine's culture.</summary>
internal static class ValueText
{
    /// <summary>Null for NULL; the type's name in angle brackets for a value .NET cannot hold.</summary>
    public static string? Of(NpgsqlDataReader reader, int column)
    {
        try
        {
            return reader.IsDBNull(column) ? null : Of(reader.GetValue(column));
        }
        catch (Exception e) when (e is InvalidCastException or OverflowException or NotSupportedException)
        {
            return $"<{reader.GetDataTypeName(column)}>";
        }
    }

    private static string Of(object? value) =>
        value switch
        {
            null => "",
            string text => text,
            bool flag => flag ? "true" : "false",
            byte[] bytes => "\\x" + Convert.ToHexStringLower(bytes),
            DateTime { Kind: DateTimeKind.Utc } at => at.ToString(
                "yyyy-MM-dd HH:mm:ss.FFFFFF'+00'",
                CultureInfo.InvariantCulture
            ),
            DateTime at => at.ToString("yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
            DateOnly day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            Array array => "{"
                + string.Join(',', array.Cast<object?>().Select(v => v is null or DBNull ? "NULL" : Of(v)))
                + "}",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => value.ToString() ?? "",
        };
}
