using System.Text;
using Microsoft.AspNetCore.Http;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;
using Tidelock.Tests.Probes;

namespace Tidelock.Cli.Tests;

/// <summary>A password that appears anywhere but in the environment is found.</summary>
public sealed class CanaryTests(NativeProgram program, PostgresServer server)
{
    private const string Canary = "canary-5f1e77";

    /// <summary>What nobody else on the machine has in his arguments, not even this test as others run it.</summary>
    private readonly string canary = $"canary-{Guid.NewGuid():N}";

    private readonly string role = $"owner_{Guid.NewGuid():N}"[..20];

    [Fact]
    public async Task The_password_is_in_no_output_no_file_and_no_argv()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        DeployedPlace.Replace(place, "rehearse: false", "rehearse: true");
        DeployedPlace.Replace(place, "rollbackPlan: off", "rollbackPlan: required");

        using var ended = new CancellationTokenSource();
        var sampling = Task.Run(() => SampleAsync(ended.Token));
        var output = new StringBuilder();
        foreach (
            var arguments in (string[][])
                [
                    ["plan", "change"],
                    ["rehearse", "change"],
                    ["rehearse", "change", "--json"],
                    ["deploy", "change", "--confirm", database.Name],
                    ["soak", "change", "--once"],
                    ["rollback", "--method", "backup", "--confirm", database.Name],
                    ["status", "--json"],
                    ["diagnose", "change"],
                    ["report", "--format", "html"],
                    ["report", "--format", "json"],
                    ["report", "--format", "junit"],
                    ["anchor"],
                    ["history", "--json"],
                ]
        )
        {
            var result = await place.RunAsync(arguments);
            output.Append(result.Output).Append(result.Errors);
        }

        await ended.CancelAsync();
        Assert.Contains("rolled back", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("the whole way", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(canary, output.ToString(), StringComparison.Ordinal);
        Assert.Empty(await sampling);
        Assert.DoesNotContain(Directory.EnumerateFiles(place.Folder, "*", SearchOption.AllDirectories), f => Holds(f));
        await database.ExecuteAsync($"drop owned by {role}; drop role {role}");
    }

    [Fact]
    public async Task What_a_program_says_of_the_password_is_hidden_on_the_screen_in_the_journal_and_in_the_evidence()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        var file = Path.Combine(place.Change, "change.yaml");
        await File.AppendAllTextAsync(
            file,
            """
            application:
              - { name: talkative, command: [bash, -c, 'echo "cannot reach $DATABASE_URL with $PGPASSWORD now" >&2; exit 1'] }

            """
        );
        var output = new StringBuilder();
        foreach (
            var arguments in (string[][])
                [
                    ["deploy", "change", "--confirm", database.Name],
                    ["deploy", "change", "--confirm", database.Name, "--json"],
                    ["status"],
                    ["report"],
                    ["report", "--format", "json"],
                ]
        )
        {
            var result = await place.RunAsync(arguments);
            output.Append(result.Output).Append(result.Errors);
        }

        Assert.Contains($"{role}:***@", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("with *** now", output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(canary, output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(place.Folder, "*", SearchOption.AllDirectories), f => Holds(f));
        await database.ExecuteAsync($"drop owned by {role}; drop role {role}");
    }

    [Fact]
    public async Task What_servers_of_channels_repeat_of_their_secrets_is_in_no_output_no_file_and_no_argv()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var echo = await RecordingServer.StartAsync(
            (asked, response) =>
            {
                response.StatusCode = StatusCodes.Status401Unauthorized;
                return response.WriteAsync($"not {asked.Authorization} {asked.Path} {asked.Text}");
            }
        );
        using var place = await DeployedPlace.OfAsync(program, database);
        place.Variables["TOKEN"] = canary;
        place.Variables["WEBHOOK"] = $"{echo.Address}services/T0/B0/{canary}";
        place.WriteChange(extra: Channels(echo.Address));
        await KeyAsync(place);

        using var ended = new CancellationTokenSource();
        var sampling = Task.Run(() => SampleAsync(ended.Token));
        var output = new StringBuilder();
        foreach (
            var arguments in (string[][])
                [
                    ["notify", "change", "--preview"],
                    ["notify", "change", "--test"],
                    ["announce", "change", "--at", "02:30"],
                    ["approve", "change", "--by", "lee", "--note", "read it", "--key", "ci"],
                    ["deny", "change", "--by", "lee", "--reason", "not tonight"],
                    ["deploy", "change", "--at", "02:30", "--ics", "plan.ics"],
                    ["deploy", "change", "--confirm", database.Name],
                    ["evidence", "--key", "ci", "--out", "bundle.json"],
                    ["report"],
                    ["report", "--format", "json"],
                ]
        )
        {
            var result = await place.RunAsync(arguments);
            output.Append(result.Output).Append(result.Errors);
        }

        await ended.CancelAsync();
        Assert.True(echo.Asked.Count >= 8, $"{echo.Asked.Count}");
        Assert.True(File.Exists(Path.Combine(place.Folder, "bundle.json")), output.ToString());
        Assert.DoesNotContain(canary, output.ToString(), StringComparison.Ordinal);
        Assert.Empty(await sampling);
        Assert.DoesNotContain(Directory.EnumerateFiles(place.Folder, "*", SearchOption.AllDirectories), f => Holds(f));
    }

    private static string Channels(Uri address) =>
        $$"""
            notify:
              slack: { webhook: "${WEBHOOK}" }
              pagerduty: { routingKey: "${TOKEN}", address: "{{address}}" }
              grafana: { address: "{{address}}", token: "${TOKEN}" }
              webhook: { address: "{{address}}", secret: "${TOKEN}", user: me, password: "${TOKEN}" }
            """;

    private static async Task KeyAsync(Workplace place)
    {
        var key = Path.Combine(place.Folder, "ci");
        (await new ChildProgram("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).RunAsync(default)).OrThrow();
    }

    [Fact]
    public async Task A_password_in_the_change_file_is_a_mistake_that_does_not_repeat_it()
    {
        using var place = new Workplace(program);
        place.WriteChange();
        DeployedPlace.Replace(place, "${DATABASE_URL}", $"postgresql://me:{Canary}@127.0.0.1:1/x");
        foreach (var verb in (string[])["check", "plan", "deploy"])
        {
            var result = await place.RunAsync(verb, "change");
            Assert.Equal(4, result.ExitCode);
            Assert.Contains("${DATABASE_URL}", result.Errors, StringComparison.Ordinal);
            Assert.DoesNotContain(Canary, result.Output + result.Errors, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(place.State));
    }

    [Theory]
    [InlineData("postgresql://me:canary-5f1e77@127.0.0.1:1/journal")]
    [InlineData("postgresql://me@127.0.0.1:1/journal?password=canary-5f1e77")]
    [InlineData("host=127.0.0.1 port=1 password=canary-5f1e77")]
    [InlineData("host=127.0.0.1 port=1 password = 'canary-5f1e77'")]
    public async Task A_password_in_the_journal_option_is_refused_and_not_repeated(string journal)
    {
        using var place = new Workplace(program);
        var result = await place.RunAsync("status", "--journal", journal);
        Assert.Equal(4, result.ExitCode);
        Assert.Contains("TIDELOCK_JOURNAL", result.Errors, StringComparison.Ordinal);
        Assert.Contains(".pgpass", result.Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, result.Output + result.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(place.Folder));
    }

    [Fact]
    public async Task A_mistyped_command_line_does_not_repeat_a_password()
    {
        using var place = new Workplace(program);
        var address = $"postgresql://me:{Canary}@127.0.0.1:1/x";
        foreach (
            var typed in (string[][])
                [
                    ["deploy", address],
                    ["status", address, address],
                    [address],
                    ["abort", address],
                ]
        )
        {
            var result = await place.RunAsync(typed);
            Assert.Equal(4, result.ExitCode);
            Assert.DoesNotContain(Canary, result.Output + result.Errors, StringComparison.Ordinal);
        }
    }

    /// <summary>It must be percent-encoded in an address, and quoted in a key=value string.</summary>
    private string Password => $"p@s/s \"{canary}";

    private async Task<Workplace> PlaceAsync(TestDatabase database)
    {
        var place = await DeployedPlace.OfAsync(program, database);
        await database.ExecuteAsync($"create role {role} superuser login password '{Password}'");
        var uri = new UriBuilder(database.Uri) { UserName = role, Password = Uri.EscapeDataString(Password) };
        place.Variables["DATABASE_URL"] = uri.Uri.AbsoluteUri;
        return place;
    }

    private async Task<IReadOnlyCollection<string>> SampleAsync(CancellationToken ended)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        while (!ended.IsCancellationRequested)
        {
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(p => char.IsAsciiDigit(p[6])))
            {
                try
                {
                    var argv = await File.ReadAllTextAsync(Path.Combine(process, "cmdline"), CancellationToken.None);
                    if (argv.Contains(canary, StringComparison.Ordinal))
                    {
                        found.Add(argv);
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The process has ended meanwhile.
                }
            }

            // Every program lives longer than this, and others need the processors, too.
            await Task.Delay(TimeSpan.FromMilliseconds(3), TimeProvider.System, CancellationToken.None);
        }

        return found;
    }

    private bool Holds(string file) => File.ReadAllBytes(file).AsSpan().IndexOf(Encoding.UTF8.GetBytes(canary)) >= 0;
}
