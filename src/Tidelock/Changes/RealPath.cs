namespace Tidelock.Changes;

/// <summary>Where a path leads when every symbolic link on the way is followed.</summary>
internal static class RealPath
{
    private const int MostLinks = 40;

    /// <exception cref="IOException">The links go round in a circle.</exception>
    public static string Of(string path) => Of(Path.GetFullPath(path), 0);

    private static string Of(string path, int links)
    {
        if (Path.GetDirectoryName(path) is not { } parent)
        {
            return path;
        }

        var here = Path.Combine(Of(parent, links), Path.GetFileName(path));
        if (new FileInfo(here).LinkTarget is not { } target)
        {
            return here;
        }

        return links < MostLinks
            ? Of(Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, target)), links + 1)
            : throw new IOException($"{path}: too many symbolic links");
    }
}
