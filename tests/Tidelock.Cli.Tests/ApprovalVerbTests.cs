using Tidelock.Postgres.Tests.Servers;
using Tidelock.Tests.Signatures;

namespace Tidelock.Cli.Tests;

/// <summary>Approvals and denials as people type them, beside a team's policy.</summary>
public sealed class ApprovalVerbTests(NativeProgram program, PostgresServer server) : IDisposable
{
    private readonly SshKeys keys = new();

    [Fact]
    public async Task Two_people_sign_with_their_keys_and_nobody_passes_over_what_must_be_signed()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await PlaceAsync(database);
        string[] approve = ["approve", "change", "--by"];
        Assert.Equal(3, (await place.RunAsync([.. approve, "kim", "--key", await keys.KeyAsync("kim")])).ExitCode);
        var plan = await place.RunAsync("plan", "change", "--by", "park");
        Assert.Equal(3, plan.ExitCode);
        Assert.Contains(
            "tidelock.yaml:3 says production.gates.approval.required: 2",
            plan.Output,
            StringComparison.Ordinal
        );

        var unsigned = await place.RunAsync([.. approve, "kim"]);
        Assert.Equal(3, unsigned.ExitCode);
        Assert.Contains("--key", unsigned.Errors, StringComparison.Ordinal);
        var foreign = await place.RunAsync([.. approve, "kim", "--key", await keys.KeyAsync("eve")]);
        Assert.Equal(3, foreign.ExitCode);
        Assert.Contains("would not count", foreign.Errors, StringComparison.Ordinal);
        var signed = await place.RunAsync([.. approve, "kim", "--key", await keys.KeyAsync("kim")]);
        Assert.True(signed.ExitCode == 0, signed.Errors);
        Assert.Contains("SHA256:", signed.Output, StringComparison.Ordinal);
        place.Variables["TIDELOCK_SIGNING_KEY"] = await keys.KeyAsync("lee");
        Assert.Equal(0, (await place.RunAsync([.. approve, "lee"])).ExitCode);
        Assert.Equal(0, (await place.RunAsync("plan", "change", "--by", "park")).ExitCode);

        string[] deploy = ["deploy", "change", "--by", "park", "--confirm", database.Name];
        Assert.Equal(3, (await place.RunAsync("deploy", "change", "--by", "kim", "--confirm", database.Name)).ExitCode);
        var passed = await place.RunAsync([.. deploy, "--override", "approval", "--reason", "outage"]);
        Assert.Equal(3, passed.ExitCode);
        Assert.Contains("may not pass over approval", passed.Errors, StringComparison.Ordinal);
        var deployed = await place.RunAsync(deploy);
        Assert.True(deployed.ExitCode == 0, deployed.Output + deployed.Errors);
        var report = await place.RunAsync("report", "--format", "json");
        Assert.Contains("gates.approval.signed", report.Output, StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(place.State, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain("PRIVATE KEY", await File.ReadAllTextAsync(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_denial_needs_a_reason_and_stands_until_its_giver_approves()
    {
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "approval: off", "approval: { required: 1 }");
        Assert.Equal(3, (await place.RunAsync("plan", "change")).ExitCode);
        Assert.Equal(4, (await place.RunAsync("deny", "change", "--by", "lee")).ExitCode);
        place.Variables["DATABASE_URL"] = null;
        Assert.Equal(0, (await place.RunAsync("deny", "change", "--by", "lee", "--reason", "KPI night")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("approve", "change", "--by", "kim")).ExitCode);
        place.Variables["DATABASE_URL"] = database.Uri;
        var denied = await place.RunAsync("plan", "change", "--lang", "ko");
        Assert.Equal(3, denied.ExitCode);
        Assert.Contains("KPI night", denied.Output, StringComparison.Ordinal);
        Assert.Equal(0, (await place.RunAsync("approve", "change", "--by", "lee")).ExitCode);
        Assert.Equal(0, (await place.RunAsync("plan", "change")).ExitCode);

        string[] withdraw = ["approve", "change", "--withdraw", "--by"];
        Assert.Equal(0, (await place.RunAsync([.. withdraw, "lee"])).ExitCode);
        Assert.Equal(0, (await place.RunAsync([.. withdraw, "Kim"])).ExitCode);
        Assert.Equal(3, (await place.RunAsync("plan", "change")).ExitCode);
        var nothing = await place.RunAsync([.. withdraw, "kim"]);
        Assert.Equal(3, nothing.ExitCode);
        Assert.Contains("kim has said nothing on the gate approval", nothing.Errors, StringComparison.Ordinal);
    }

    public void Dispose() => keys.Dispose();

    private async Task<Workplace> PlaceAsync(TestDatabase database)
    {
        await keys.AllowAsync("kim");
        await keys.AllowAsync("lee");
        var place = await DeployedPlace.OfAsync(program, database);
        DeployedPlace.Replace(place, "change: scores", "change: scores\nauthor: choi");
        await File.WriteAllTextAsync(
            Path.Combine(place.Folder, "tidelock.yaml"),
            $$"""
            environments:
              production:
                gates: { approval: { required: 2 } }
                approvals: { signers: {{keys.Signers}} }
            """
        );
        return place;
    }
}
