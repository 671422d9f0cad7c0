using System.Text;
using System.Text.Json;
using Tidelock.Gates;
using Tidelock.Gates.Approvals;
using Tidelock.Runs;
using Tidelock.Tests.Signatures;

namespace Tidelock.Tests.Gates;

public sealed class SignedApprovalTests : IDisposable
{
    private const string Database = "7423/seedtest";

    private readonly SshKeys keys = new();

    [Fact]
    public async Task Only_a_signature_of_somebody_on_the_list_counts()
    {
        await keys.AllowAsync("kim");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var forged = Said(bench, "kim") with { Signature = null };
        Assert.Contains("not signed", await RefusalAsync(bench, forged), StringComparison.Ordinal);
        var foreign = await SignedAsync(bench, Said(bench, "kim"), "eve");
        Assert.Contains("does not name", await RefusalAsync(bench, foreign), StringComparison.Ordinal);

        var good = await SignedAsync(bench, Said(bench, "kim"));
        var verdict = await JudgeAsync(bench, good, forged);
        var valid = Assert.Single(verdict.Valid);
        Assert.Contains("SHA256:", valid.Text.ToString(), StringComparison.Ordinal);
        Assert.True(verdict.Suffices(1));
    }

    [Fact]
    public async Task Nothing_of_what_was_signed_can_be_changed_and_nothing_else_be_approved_with_it()
    {
        await keys.AllowAsync("kim");
        await keys.AllowAsync("lee");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var good = await SignedAsync(bench, Said(bench, "kim"));
        Word[] edited =
        [
            good with
            {
                Note = "looked at it twice",
            },
            good with
            {
                At = good.At.AddSeconds(1),
            },
            good with
            {
                Expires = good.At.AddDays(9),
            },
            good with
            {
                Target = null,
            },
            good with
            {
                Seen = JsonSerializer.SerializeToElement("another view"),
            },
            good with
            {
                Foreseen = null,
            },
            good with
            {
                Foreseen = ["there: locks public.a in SHARE"],
            },
            good with
            {
                Demands = null,
            },
            good with
            {
                By = "lee",
            },
        ];
        foreach (var word in edited)
        {
            Assert.NotEqual("", await RefusalAsync(bench, word));
        }

        var reordered = good with { Seen = JsonSerializer.Deserialize<JsonElement>("""{ "b": [1], "a": "x" }""") };
        Assert.Single((await JudgeAsync(bench, reordered)).Valid);
        bench.Read("approval: { required: 1 }, slack: recommended");
        Assert.Contains("incorrect signature", await RefusalAsync(bench, good), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_of_the_database_that_the_plan_was_of()
    {
        await keys.AllowAsync("kim");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var good = await SignedAsync(bench, Said(bench, "kim"));
        var ground = Ground(bench) with { Target = "9999/seedtest" };
        var verdict = await new ApprovalJudge(ground).JudgeAsync([good], default);
        Assert.Contains("another database", Assert.Single(verdict.Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_was_signed_before_forecasts_and_policies_were_signed_is_verified_as_it_was_signed()
    {
        await keys.AllowAsync("kim");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var old = Said(bench, "kim") with { Foreseen = null, Demands = null };
        var statement = ApprovalStatement.Of(bench.Change.Digest, "production", old);
        Assert.DoesNotContain("foreseen", Encoding.UTF8.GetString(statement), StringComparison.Ordinal);
        Assert.DoesNotContain("demands", Encoding.UTF8.GetString(statement), StringComparison.Ordinal);
        Assert.Contains(
            "policy demanded",
            await RefusalAsync(bench, await SignedAsync(bench, old)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Two_names_with_one_key_are_one_person()
    {
        await keys.AllowAsync("kim", principal: "kim,lee");
        await using var bench = await BenchAsync("approval: { required: 2 }");
        var verdict = await JudgeAsync(
            bench,
            await SignedAsync(bench, Said(bench, "kim")),
            await SignedAsync(bench, Said(bench, "lee"), "kim")
        );
        Assert.Single(verdict.Valid);
        Assert.Contains("counts once", Assert.Single(verdict.Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_was_valid_when_it_signed_counts_unless_it_is_revoked_and_a_clock_ahead_does_not()
    {
        await keys.AllowAsync("kim", "valid-before=\"20261123000000Z\"");
        await File.WriteAllTextAsync(keys.Revoked, "");
        await using var bench = await BenchAsync("approval: { required: 1 }", $", revoked: {keys.Revoked}");
        var good = await SignedAsync(bench, Said(bench, "kim"));
        var ahead = await SignedAsync(bench, Said(bench, "kim") with { At = bench.Time.GetUtcNow().AddHours(1) });
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Contains("clocks is off", await RefusalAsync(bench, ahead), StringComparison.Ordinal);
        bench.Time.Advance(TimeSpan.FromDays(2));
        Assert.Single((await JudgeAsync(bench, good)).Valid);
        var late = await SignedAsync(bench, Said(bench, "kim"));
        Assert.Contains("not for", await RefusalAsync(bench, late), StringComparison.Ordinal);
        await keys.RevokeAsync("kim");
        Assert.Contains("revoked", await RefusalAsync(bench, good), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_typed_name_lifts_no_denial_and_replaces_no_signed_approval()
    {
        await keys.AllowAsync("kim");
        await keys.AllowAsync("lee");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var kim = await SignedAsync(bench, Said(bench, "kim"));
        var denied = Said(bench, "lee") with { Kind = WordKind.Denied, Note = "not tonight" };
        var typed = Said(bench, "lee");
        var withdrawn = Said(bench, "lee") with { Kind = WordKind.Withdrawn };
        Assert.Equal("lee", (await JudgeAsync(bench, kim, denied, typed, withdrawn)).Denied?.By);
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        var signed = await SignedAsync(bench, Said(bench, "lee"));
        Assert.True((await JudgeAsync(bench, kim, denied, signed, typed)).Suffices(2));
    }

    [Fact]
    public async Task An_approval_that_is_written_down_again_lifts_no_denial_that_came_after_it()
    {
        await keys.AllowAsync("kim");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var kim = await SignedAsync(bench, Said(bench, "kim"));
        bench.Time.Advance(TimeSpan.FromMinutes(1));
        var denied = Said(bench, "kim") with { Kind = WordKind.Denied };
        Assert.Equal("kim", (await JudgeAsync(bench, kim, denied, kim)).Denied?.By);
    }

    [Fact]
    public async Task A_source_that_the_change_names_replaces_nobody_whom_the_policy_asks_for()
    {
        await using var bench = await BenchAsync("approval: { command: [sh, yes.sh] }");
        Assert.Equal(1, bench.Change.Section<GateOptions>().Approval.Required);
        await bench.AddAsync(Said(bench, "kim") with { Kind = WordKind.Overridden });
        Assert.True((await bench.StandingAsync(new ApprovalGate())).Refuses);
    }

    [Fact]
    public async Task Signing_refuses_at_once_what_the_gate_would_not_count()
    {
        await keys.AllowAsync("kim");
        await using var bench = await BenchAsync("approval: { required: 1 }");
        var none = await Assert.ThrowsAsync<TidelockException>(() =>
            Said(bench, "kim").SignAsync(bench.Change, "production", null, default)
        );
        Assert.Contains("--key", none.Message, StringComparison.Ordinal);
        var foreign = await keys.KeyAsync("eve");
        var refused = await Assert.ThrowsAsync<TidelockException>(() =>
            Said(bench, "kim").SignAsync(bench.Change, "production", foreign, default)
        );
        Assert.Equal("gates.approval.would-not-count", refused.Problem.Code);
        Assert.Equal(ExitCode.Refused, refused.ExitCode);
    }

    [Fact]
    public async Task Without_a_policy_a_signature_is_shown_as_one_that_nobody_verified()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1 }");
        var word = Said(bench, "kim") with { Target = null };
        await bench.AddAsync(await word.SignAsync(bench.Change, "production", await keys.KeyAsync("kim"), default));
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed);
        Assert.Contains("no policy says whose keys", standing.Finding.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => keys.Dispose();

    private async Task<GateBench> BenchAsync(string gates, string more = "")
    {
        await File.AppendAllTextAsync(keys.Signers, "");
        return await GateBench.WithPolicyAsync(
            gates,
            $$"""
            environments:
              production: { gates: { approval: required }, approvals: { signers: {{keys.Signers}}{{more}} } }
              others: {}
            """
        );
    }

    private static Word Said(GateBench bench, string by) =>
        new(WordKind.Confirmed, "approval", by, "looked at it", bench.Time.GetUtcNow(), "laptop")
        {
            Target = Database,
            Seen = JsonSerializer.Deserialize<JsonElement>("""{ "a": "x", "b": [1] }"""),
            Expires = bench.Time.GetUtcNow().AddDays(7),
            Foreseen = ["there: locks public.a in ACCESS EXCLUSIVE"],
            Demands = bench.Change.Section<GateOptions>().Policy?.Demands,
        };

    private async Task<Word> SignedAsync(GateBench bench, Word word, string? with = null)
    {
        var statement = ApprovalStatement.Of(bench.Change.Digest, "production", word);
        var key = await keys.KeyAsync(with ?? word.By);
        return word with
        {
            Signature = await Tidelock.Signatures.SshSignature.SignAsync(
                key,
                ApprovalStatement.Namespace,
                statement,
                default
            ),
        };
    }

    private static ApprovalGround Ground(GateBench bench) =>
        new(bench.Change, "production", bench.Time.GetUtcNow())
        {
            Executors = ["park"],
            Author = ["choi"],
            Target = Database,
        };

    private static Task<ApprovalVerdict> JudgeAsync(GateBench bench, params Word[] words) =>
        new ApprovalJudge(Ground(bench)).JudgeAsync(words, default);

    private static async Task<string> RefusalAsync(GateBench bench, Word word)
    {
        var verdict = await JudgeAsync(bench, word);
        Assert.Empty(verdict.Valid);
        return Assert.Single(verdict.Problems).ToString();
    }
}
