namespace Tidelock.Cli.Demo;

/// <summary>A temporary folder that goes with its owner.</summary>
internal sealed class ScratchFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("tidelock-demo-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
