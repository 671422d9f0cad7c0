using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Cli.Demo;

/// <summary>The example of the repository, which the demo deploys.</summary>
internal static class DemoFiles
{
    /// <summary><c>examples/attempt-view-v1</c>, looked for above the program and above the current folder.</summary>
    /// <exception cref="TidelockException">It is not there: the demo runs from a checkout.</exception>
    public static string Example() =>
        Find(AppContext.BaseDirectory)
        ?? Find(Directory.GetCurrentDirectory())
        ?? throw new TidelockException(Message.Of("demo.no-example"), ExitCode.Mistake);

    /// <summary>seedtest-api's program, built where it is missing.</summary>
    public static async Task<string> ApiAsync(string example, CancellationToken cancellation)
    {
        var project = Path.Combine(example, "seedtest-api");
        var program = Path.Combine(project, "bin", "Release", "net10.0", "seedtest-api.dll");
        if (!File.Exists(program))
        {
            var build = new ChildProgram("dotnet", "build", project, "-c", "Release", "-v", "q", "--nologo");
            (await build.RunAsync(cancellation)).OrThrow(ExitCode.Mistake);
        }

        return program;
    }

    private static string? Find(string from)
    {
        for (var folder = new DirectoryInfo(from); folder is not null; folder = folder.Parent)
        {
            var example = Path.Combine(folder.FullName, "examples", "attempt-view-v1");
            if (File.Exists(Path.Combine(example, "change.yaml")))
            {
                return example;
            }
        }

        return null;
    }
}
