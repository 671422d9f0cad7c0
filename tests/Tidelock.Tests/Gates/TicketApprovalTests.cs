using Microsoft.AspNetCore.Http;
using Tidelock.Gates;
using Tidelock.Tests.Probes;
using Tidelock.Texts;

namespace Tidelock.Tests.Gates;

public sealed class TicketApprovalTests
{
    private const string Good =
        """{ "approved": true, "digest": "DIGEST", "by": ["kim", "lee"], "reference": "CHG-123" }""";

    [Theory]
    [InlineData(Good, null)]
    [InlineData(
        """{ "approved": true, "digest": "DIGEST", "by": ["kim"], "environment": "production", "until": "2026-11-22T18:00:00Z", "theirs": 1 }""",
        null
    )]
    [InlineData(
        """{ "approved": false, "digest": "DIGEST", "reference": "CHG-123", "reason": "waits for the CAB" }""",
        "waits for the CAB"
    )]
    [InlineData("""{ "digest": "DIGEST", "by": ["kim"] }""", "is not approved")]
    [InlineData("""{ "approved": true, "by": ["kim"] }""", "another text")]
    [InlineData("""{ "approved": true, "digest": "7f3a", "by": ["kim"] }""", "another text")]
    [InlineData("""{ "approved": true, "digest": "DIGEST", "by": [] }""", "does not say who")]
    [InlineData(
        """{ "approved": true, "digest": "DIGEST", "by": ["kim"], "environment": "staging" }""",
        "approved for staging"
    )]
    [InlineData(
        """{ "approved": true, "digest": "DIGEST", "by": ["kim"], "until": "2026-11-22T17:00:00Z" }""",
        "approved until"
    )]
    [InlineData(
        """{ "approved": true, "digest": "DIGEST", "by": ["kim"], "until": "2026-11-22T18:00:00" }""",
        "no time with its offset"
    )]
    [InlineData("""{ "approved": true, "digest": "DIGEST", "by": ["", null, " "] }""", "does not say who")]
    [InlineData("""{ "approved": "yes" }""", "no JSON of the contract")]
    [InlineData("null", "no JSON of the contract")]
    [InlineData("<html>log in</html>", "no JSON of the contract")]
    [InlineData("", "no JSON of the contract")]
    public async Task A_ticket_counts_when_it_approves_this_digest_here_and_now(string answer, string? refusal)
    {
        await using var server = await StubServer.StartAsync(context =>
        {
            Assert.Equal("production", context.Request.Headers["X-Tidelock-Environment"]);
            Assert.Equal("Bearer itsm_canary_31415926", context.Request.Headers.Authorization);
            var digest = context.Request.Headers["X-Tidelock-Digest"].ToString();
            return context.Response.WriteAsync(answer.Replace("DIGEST", digest, StringComparison.Ordinal));
        });
        await using var bench = await GateBench.CreateAsync(
            $"approval: {{ http: {{ address: '{server.Address}changes/CHG-123', token: '${{ITSM_TOKEN}}' }} }}",
            ("ITSM_TOKEN", "itsm_canary_31415926")
        );
        await AssertAsync(bench, refusal);
    }

    [Theory]
    [InlineData(503, "down", "503")]
    [InlineData(302, "", "302")]
    public async Task A_server_that_answers_otherwise_approves_nothing(int status, string body, string said)
    {
        await using var server = await StubServer.SayingAsync(status, body);
        await using var bench = await GateBench.CreateAsync($"approval: {{ http: '{server.Address}' }}");
        await AssertAsync(bench, said);
    }

    [Theory]
    [InlineData(
        "echo '{\"approved\":true,\"by\":[\"kim\"],\"reference\":\"CHG-1\",\"digest\":\"'$TIDELOCK_DIGEST'\"}'",
        null
    )]
    [InlineData(
        "echo \"$TIDELOCK_CHANGE in $TIDELOCK_ENVIRONMENT: no such ticket\" >&2; exit 7",
        "scores in production: no such ticket"
    )]
    [InlineData("echo soon", "no JSON of the contract")]
    public async Task A_program_that_asks_a_ticket_system_is_told_what_is_to_be_deployed(string script, string? refusal)
    {
        await using var bench = await GateBench.CreateAsync("approval: { command: [sh, ticket.sh] }");
        await File.WriteAllTextAsync(Path.Combine(bench.Folder, "ticket.sh"), script);
        await AssertAsync(bench, refusal);
    }

    [Fact]
    public async Task What_is_declared_must_all_say_yes_and_people_beside_it_too()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 1, command: [sh, ticket.sh] }");
        await File.WriteAllTextAsync(Path.Combine(bench.Folder, "ticket.sh"), "exit 1");
        await bench.SayAsync("approval", "kim");
        await AssertAsync(bench, "ended with 1");
        var yes = Good.Replace("DIGEST", bench.Change.Digest, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Path.Combine(bench.Folder, "ticket.sh"), $"echo '{yes}'");
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Passed, standing.Finding.ToString());
        Assert.Contains("CHG-123 approved by kim, lee", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.Contains(
            "CHG-123 승인: kim, lee",
            TextCatalog.Korean.Render(standing.Finding),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Where_two_must_approve_a_ticket_by_the_author_or_by_whoever_runs_it_is_none()
    {
        await using var bench = await GateBench.CreateAsync("approval: { required: 2, command: [sh, ticket.sh] }");
        await bench.SayAsync("approval", "kim");
        await bench.SayAsync("approval", "lee");
        await TicketAsync("choi@example.com");
        await AssertAsync(bench, "by choi@example.com alone: whoever wrote");
        await TicketAsync("park");
        await AssertAsync(bench, "by park alone: whoever runs");
        await TicketAsync("seo");
        await AssertAsync(bench, null);

        Task TicketAsync(string by) =>
            File.WriteAllTextAsync(
                Path.Combine(bench.Folder, "ticket.sh"),
                $$"""echo '{"approved":true,"by":["{{by}}"],"digest":"{{bench.Change.Digest}}"}'"""
            );
    }

    [Fact]
    public async Task A_program_gets_no_variable_of_ours_that_is_not_named()
    {
        Environment.SetEnvironmentVariable("TICKET_CANARY_NAMED", "canary_57721566");
        Environment.SetEnvironmentVariable("TICKET_CANARY_OTHER", "canary_49015328");
        await using var bench = await GateBench.CreateAsync(
            "approval: { command: { run: [sh, ticket.sh], environment: [TICKET_CANARY_NAMED] } }",
            ("TICKET_CANARY_NAMED", "canary_57721566")
        );
        await File.WriteAllTextAsync(
            Path.Combine(bench.Folder, "ticket.sh"),
            "test \"$TICKET_CANARY_NAMED\" && test \"$PATH\" || exit 7; env | grep TICKET_CANARY >&2; exit 8"
        );
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.Contains("ended with 8: TICKET_CANARY_NAMED=***", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("OTHER", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.Equal(
            "the program sh ticket.sh (variables it gets: TICKET_CANARY_NAMED)",
            Assert.Single(bench.Change.Section<GateOptions>().Approval.Asked).ToString()
        );
    }

    [Fact]
    public async Task While_a_planned_start_is_waited_for_a_yes_is_kept_and_at_the_start_asked_for_anew()
    {
        var asked = 0;
        await using var server = await StubServer.StartAsync(context =>
        {
            asked++;
            var digest = context.Request.Headers["X-Tidelock-Digest"].ToString();
            return context.Response.WriteAsync(Good.Replace("DIGEST", digest, StringComparison.Ordinal));
        });
        await using var bench = await GateBench.CreateAsync($"approval: {{ http: '{server.Address}' }}");
        var (gate, start) = (new ApprovalGate(), bench.Time.GetUtcNow().AddMinutes(2));
        foreach (var (minutes, times) in new[] { (0, 1), (1, 1), (1, 2), (1, 2), (4, 3) })
        {
            bench.Time.Advance(TimeSpan.FromMinutes(minutes));
            Assert.True((await bench.StandingAsync(gate, start)).Passed);
            Assert.Equal(times, asked);
        }

        // A start that nobody planned asks whenever somebody looks.
        Assert.True((await bench.StandingAsync(gate)).Passed);
        Assert.Equal(4, asked);
    }

    private static async Task AssertAsync(GateBench bench, string? refusal)
    {
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.Equal(refusal is null, standing.Passed);
        Assert.Contains(refusal ?? "approved by", standing.Finding.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary", standing.Finding.ToString(), StringComparison.Ordinal);
    }
}
