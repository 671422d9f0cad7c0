using Tidelock.Programs;
using Tidelock.Tests.House;

[assembly: AssemblyFixture(typeof(Tidelock.Cli.Tests.NativeProgram))]

namespace Tidelock.Cli.Tests;

/// <summary>The native binary, as it is delivered: named by <c>TIDELOCK_NATIVE</c>, else built.</summary>
public sealed class NativeProgram : IAsyncLifetime
{
    public string Path { get; private set; } = "";

    public async ValueTask InitializeAsync() =>
        Path = Environment.GetEnvironmentVariable("TIDELOCK_NATIVE") is { Length: > 0 } built
            ? built
            : await BuildAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static async Task<string> BuildAsync()
    {
        var folder = System.IO.Path.Combine(Repository.Root, "artifacts", "native", "out");
        var script = "set -e; root=$1; cd \"$root\"; source scripts/dev/build.sh; publish_native \"$2\"";
        var built = await new ChildProgram("bash", "-c", script, "build", Repository.Root, folder).RunAsync(default);
        Assert.True(built.Succeeded, built.LastWords);
        return System.IO.Path.Combine(folder, "Tidelock.Cli");
    }
}
