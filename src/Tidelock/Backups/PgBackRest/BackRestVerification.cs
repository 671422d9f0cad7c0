using Tidelock.Texts;

namespace Tidelock.Backups.PgBackRest;

/// <summary>
/// What <c>pgbackrest verify --output=text --verbose</c> reports. Its exit code tells nothing: 2.45 ends with 0 although files are damaged.
/// </summary>
internal static class BackRestVerification
{
    /// <summary>Why the report does not prove the backup; null where it does.</summary>
    /// <param name="report">Standard output.</param>
    /// <param name="backup">The backup's label.</param>
    public static Message? Problem(string report, string backup)
    {
        var lines = report.Split('\n').Select(l => l.TrimEnd()).ToList();
        if (!lines.Contains("status: ok", StringComparer.Ordinal))
        {
            return lines.Exists(l => l.StartsWith("status: ", StringComparison.Ordinal))
                ? Message.Of("backups.backrest.damaged", ("backup", backup), ("words", Bad(lines)))
                : Message.Of("backups.backrest.unverified", ("backup", backup));
        }

        return lines.Exists(l => l.StartsWith($"  backup: {backup}, status: valid,", StringComparison.Ordinal))
            ? null
            : Message.Of("backups.backrest.unverified", ("backup", backup));
    }

    /// <summary>What is wrong, without what is right.</summary>
    private static string Bad(List<string> lines)
    {
        var wrong = lines
            .Select((line, at) => (line, next: lines.ElementAtOrDefault(at + 1) ?? ""))
            .Where(l => IsOne(l.line) && IsWrong(l.line, l.next))
            .Select(l => $"{l.line.Trim()} ({l.next.Trim()})");
        return string.Join("; ", wrong);
    }

    private static bool IsOne(string line) =>
        line.StartsWith("  archiveId: ", StringComparison.Ordinal)
        || line.StartsWith("  backup: ", StringComparison.Ordinal);

    private static bool IsWrong(string line, string numbers) =>
        line.Contains(", status: ", StringComparison.Ordinal)
            ? !line.Contains(", status: valid", StringComparison.Ordinal)
            : numbers.Split(", ").Any(n => !n.EndsWith(": 0", StringComparison.Ordinal));
}
