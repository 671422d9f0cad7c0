using System.Text;
using System.Text.Json.Nodes;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Tests.Signatures;

namespace Tidelock.Tests.Gates;

/// <summary>Staging's evidence in a file that was signed on another machine, with real keys.</summary>
public sealed class StagingEvidenceTests : IDisposable
{
    private const string Gate = "staging: { soak: 24h, evidence: staging.json, signers: allowed_signers }";
    private static readonly TimeSpan HalfAnHour = TimeSpan.FromMinutes(30);
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    private readonly SshKeys keys = new();

    public void Dispose() => keys.Dispose();

    [Fact]
    public async Task Evidence_signed_by_somebody_on_the_list_passes_with_his_name_and_the_journals_head()
    {
        await using var bench = await SoakedAsync(Day);
        var passed = await bench.StandingAsync(new StagingGate());
        Assert.True(passed.Passed, passed.Finding.ToString());
        Assert.Equal("ci", passed.Finding.Arguments["by"]);
        Assert.Matches("^[0-9a-f]{64}$", passed.Finding.Arguments["head"]);
        Assert.Equal("48", passed.Finding.Parts!["finding"].Arguments["looks"]);
    }

    [Fact]
    public async Task A_byte_of_the_statement_or_of_the_signature_that_was_edited_is_refused()
    {
        await using var bench = await SoakedAsync(Day);
        var good = JsonNode.Parse(await File.ReadAllTextAsync(bench.PathOf("staging.json")))!;
        var payload = Convert.FromBase64String((string)good["payload"]!);
        foreach (var place in (int[])[0, payload.Length / 3, payload.Length / 2, payload.Length - 2])
        {
            var edited = payload.ToArray();
            edited[place] ^= 1;
            await AssertRefusedAsync(bench, good, "payload", Convert.ToBase64String(edited));
        }

        var later = Encoding
            .UTF8.GetString(payload)
            .Replace("\"superseded\":false", "\"superseded\":true ", StringComparison.Ordinal);
        await AssertRefusedAsync(bench, good, "payload", Convert.ToBase64String(Encoding.UTF8.GetBytes(later)));
        await AssertRefusedAsync(bench, good, "payloadType", "application/vnd.in-toto+jsom");
        var armored = Encoding.UTF8.GetString(Convert.FromBase64String((string)good["signatures"]![0]!["sig"]!));
        var flipped = armored.Replace("AAAAB", "AAAAC", StringComparison.Ordinal);
        Assert.NotEqual(armored, flipped);
        var signature = new JsonArray(
            new JsonObject { ["sig"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(flipped)) }
        );
        await AssertRefusedAsync(bench, good, "signatures", signature);
        await AssertRefusedAsync(bench, good, "signatures", new JsonArray());
    }

    [Theory]
    [InlineData("stranger", "")]
    [InlineData("ci", "valid-before=\"20261101\"")]
    [InlineData("ci", "namespaces=\"tidelock-approval\"")]
    public async Task A_foreign_or_expired_key_or_one_for_another_purpose_does_not_count(string allowed, string options)
    {
        await using var bench = await SoakedAsync(Day, allowed: false);
        await keys.AllowAsync(allowed, options);
        File.Copy(keys.Signers, bench.PathOf("allowed_signers"), overwrite: true);
        Assert.Equal("evidence.bundle.not-good", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Fact]
    public async Task Evidence_of_long_ago_and_of_a_key_that_is_expired_by_now_are_refused()
    {
        await using var bench = await SoakedAsync(Day, allowed: false);
        await keys.AllowAsync("ci", "valid-before=\"20261130\"");
        File.Copy(keys.Signers, bench.PathOf("allowed_signers"));
        Assert.True(await bench.PassesAsync(new StagingGate()));
        bench.Time.Advance(TimeSpan.FromDays(8));
        Assert.Equal("evidence.bundle.not-good", (await bench.StandingAsync(new StagingGate())).Finding.Code);
        keys.Forget();
        await keys.AllowAsync("ci");
        File.Copy(keys.Signers, bench.PathOf("allowed_signers"), overwrite: true);
        var old = await bench.StandingAsync(new StagingGate());
        Assert.Equal((false, "gates.staging.outdated"), (old.Passed, old.Finding.Parts!["finding"].Code));
    }

    [Fact]
    public async Task Evidence_without_anybody_whose_signature_counts_is_refused()
    {
        await using var bench = await GateBench.CreateAsync("staging: { soak: 24h, evidence: staging.json }");
        var found = await bench.StandingAsync(new StagingGate());
        Assert.Equal((true, "gates.staging.unsigned"), (found.Refuses, found.Finding.Code));
    }

    [Fact]
    public async Task Evidence_of_too_short_a_time_says_what_is_missing()
    {
        await using var bench = await SoakedAsync(Day - HalfAnHour);
        var found = await bench.StandingAsync(new StagingGate());
        Assert.True(found.Refuses);
        Assert.Equal("30 min", found.Finding.Parts!["finding"].Arguments["left"]);
    }

    [Fact]
    public async Task Evidence_of_another_environment_and_of_a_run_that_did_not_stay_are_refused()
    {
        await using var bench = await SoakedAsync(Day, environment: "production");
        Assert.Equal("gates.staging.other-environment", (await bench.StandingAsync(new StagingGate())).Finding.Code);
        await bench.RunAsync("staging", RunResult.RolledBack);
        await bench.SignAsync("staging", await keys.KeyAsync("ci"), "staging.json");
        Assert.Equal("gates.staging.not-completed", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    [Fact]
    public async Task Evidence_from_tomorrow_and_none_at_all_are_refused_with_the_reason()
    {
        await using var bench = await SoakedAsync(Day);
        File.Delete(bench.PathOf("staging.json"));
        Assert.Equal("evidence.bundle.unreadable", (await bench.StandingAsync(new StagingGate())).Finding.Code);
        await File.WriteAllTextAsync(bench.PathOf("staging.json"), "<html>502</html>");
        Assert.Equal("evidence.bundle.not-one", (await bench.StandingAsync(new StagingGate())).Finding.Code);
        await bench.SignAsync("staging", await keys.KeyAsync("ci"), "staging.json");
        bench.Time.AdjustTime(bench.Time.GetUtcNow().AddMinutes(-10));
        Assert.Equal("evidence.bundle.from-tomorrow", (await bench.StandingAsync(new StagingGate())).Finding.Code);
    }

    private async Task<GateBench> SoakedAsync(TimeSpan over, bool allowed = true, string environment = "staging")
    {
        var bench = await GateBench.CreateAsync(Gate);
        await bench.RunAsync(environment, RunResult.Completed);
        await bench.SoakAsync(environment, over, HalfAnHour);
        await bench.SignAsync(environment, await keys.KeyAsync("ci"), "staging.json");
        if (allowed)
        {
            await keys.AllowAsync("ci");
            File.Copy(keys.Signers, bench.PathOf("allowed_signers"));
        }

        return bench;
    }

    private static async Task AssertRefusedAsync(GateBench bench, JsonNode good, string key, JsonNode value)
    {
        var edited = good.DeepClone();
        edited[key] = value;
        await File.WriteAllTextAsync(bench.PathOf("staging.json"), edited.ToJsonString());
        var found = await bench.StandingAsync(new StagingGate());
        Assert.True(found.Refuses, $"{key}: {value}");
        Assert.StartsWith("evidence.bundle.", found.Finding.Code, StringComparison.Ordinal);
    }
}
