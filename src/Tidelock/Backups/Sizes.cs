using System.Globalization;

namespace Tidelock.Backups;

/// <summary>Bytes as people read them: <c>812 B</c>, <c>21.7 MB</c>, <c>1.2 GB</c>.</summary>
internal static class Sizes
{
    private static readonly string[] Units = ["kB", "MB", "GB", "TB"];

    public static string Short(long bytes)
    {
        if (bytes < 1024)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{bytes} B");
        }

        var size = bytes / 1024.0;
        var unit = 0;
        for (; size >= 1024 && unit < Units.Length - 1; unit++)
        {
            size /= 1024;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{size:0.#} {Units[unit]}");
    }
}
