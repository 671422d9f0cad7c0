namespace Tidelock.Tests.House;

/// <summary>The working copy the tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = Find(AppContext.BaseDirectory);

    private static string Find(string folder) =>
        File.Exists(Path.Combine(folder, "Tidelock.slnx")) ? folder : Find(Path.GetDirectoryName(folder)!);
}
