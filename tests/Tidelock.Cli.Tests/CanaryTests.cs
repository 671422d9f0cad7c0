using System.Text;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Cli.Tests;

/// <summary>A password that appears anywhere but in the environment is found.</summary>
public sealed class CanaryTests(NativeProgram program, PostgresServer server)
{
    private const string Canary = "canary-5f1e77";

    [Fact]
    public async Task The_password_is_in_no_output_no_file_and_no_argv()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var role = $"owner_{Guid.NewGuid():N}"[..20];
        await database.ExecuteAsync($"create role {role} superuser login password '{Canary}'");
        var uri = new UriBuilder(database.Uri) { UserName = role, Password = Canary };
        place.Variables["DATABASE_URL"] = uri.Uri.AbsoluteUri;
        DeployedPlace.Replace(place, "rehearse: false", "rehearse: true");
        DeployedPlace.Replace(place, "rollbackPlan: off", "rollbackPlan: required");

        using var ended = new CancellationTokenSource();
        var sampling = Task.Run(() => SampleAsync(ended.Token));
        var output = new StringBuilder();
        foreach (
            var arguments in (string[][])
                [
                    ["plan", "change"],
                    ["deploy", "change", "--confirm", database.Name],
                    ["rollback", "--method", "backup", "--confirm", database.Name],
                    ["status", "--json"],
                    ["diagnose", "change"],
                    ["report", "--format", "html"],
                    ["report", "--format", "json"],
                ]
        )
        {
            var result = await place.RunAsync(arguments);
            output.Append(result.Output).Append(result.Errors);
        }

        await ended.CancelAsync();
        Assert.Contains("rolled back", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, output.ToString(), StringComparison.Ordinal);
        Assert.Empty(await sampling);
        Assert.DoesNotContain(Directory.EnumerateFiles(place.Folder, "*", SearchOption.AllDirectories), f => Holds(f));
        await database.ExecuteAsync($"drop owned by {role}; drop role {role}");
    }

    private static async Task<IReadOnlyCollection<string>> SampleAsync(CancellationToken ended)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        while (!ended.IsCancellationRequested)
        {
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(p[6])))
            {
                try
                {
                    var argv = await File.ReadAllTextAsync(Path.Combine(process, "cmdline"), CancellationToken.None);
                    if (argv.Contains(Canary, StringComparison.Ordinal))
                    {
                        found.Add(argv);
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The process has ended meanwhile.
                }
            }
        }

        return found;
    }

    private static bool Holds(string file) =>
        File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Canary)) >= 0;
}
