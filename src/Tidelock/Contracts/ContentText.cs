namespace Tidelock.Contracts;

/// <summary>
/// Values as the text a client reads. PostgreSQL's own hashes are not used: they do not tell 1.0 from 1.00 or 0 from -0, hash -1 and
/// 4294967295 alike, and many types have none.
/// </summary>
internal static class ContentText
{
    /// <summary>
    /// Types whose cast to text is what a client reads: boolean, bytea, name, bigint, smallint, integer, text, oid, json, xml, real, double
    /// precision, varchar, date, time, timestamp, timestamptz, interval, timetz, numeric, uuid, jsonb. Not character(n), which loses blanks, and no
    /// type that somebody may give a cast of their own.
    /// </summary>
    private static readonly HashSet<uint> Plain =
    [
        16,
        17,
        19,
        20,
        21,
        23,
        25,
        26,
        114,
        142,
        700,
        701,
        1043,
        1082,
        1083,
        1114,
        1184,
        1186,
        1266,
        1700,
        2950,
        3802,
    ];

    /// <summary>A column as text, compared byte by byte; the same expression on both sides.</summary>
    public static string Of(string column, uint oldType, uint newType)
    {
        var value = ContentSide.Column(column);
        var text = Plain.Contains(oldType) && Plain.Contains(newType) ? value : $"row({value})";
        return $"({text}::pg_catalog.text collate pg_catalog.\"C\")";
    }
}
