using Tidelock.Gates;
using Tidelock.Tests.Probes;

namespace Tidelock.Tests.Gates;

/// <summary>PagerDuty's <c>GET /oncalls</c>, as its documentation describes it. It is 17:00Z; the watch lasts half an hour.</summary>
public sealed class OnCallGateTests
{
    private const string Token = "canary-oncall-3c91";
    private static readonly OnCallGate Gate = new();

    [Fact]
    public async Task Whoever_is_on_call_until_the_watch_is_over_stands_by_and_is_named()
    {
        await using var pagerDuty = await PagerDutyAsync(
            Entry("PKIM", "Kim Minji", "2026-11-22T09:00:00Z", "2026-11-23T09:00:00+09:00"),
            Entry("PLEE", "Lee Jiho", null, null),
            Entry("PLEE", "Lee Jiho", "2026-11-22T16:00:00Z", "2026-11-22T23:00:00Z")
        );
        await using var bench = await BenchAsync(pagerDuty, "schedules: [PS1, PS2]");
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Passed);
        Assert.Equal("Kim Minji, Lee Jiho", standing.Finding.Arguments["people"]);
        Assert.Equal("2026-11-22 18:00:00Z", standing.Finding.Arguments["until"]);
        var asked = Assert.Single(pagerDuty.Asked);
        Assert.Equal("/oncalls", asked.Path);
        Assert.Equal("PS1,PS2", asked.Query["schedule_ids[]"].ToString());
        Assert.Equal("2026-11-22T17:00:00Z", asked.Query["since"].ToString());
        Assert.Equal("2026-11-22T18:00:00Z", asked.Query["until"].ToString());
        Assert.Equal($"Token token={Token}", asked.Authorization);
    }

    [Fact]
    public async Task A_shift_that_ends_before_the_watch_does_is_seen()
    {
        await using var pagerDuty = await PagerDutyAsync(
            Entry("PKIM", "Kim Minji", "2026-11-22T09:00:00Z", "2026-11-22T17:40:00Z"),
            Entry("PLEE", "Lee Jiho", "2026-11-22T09:00:00Z", "2026-11-23T09:00:00Z")
        );
        await using var bench = await BenchAsync(pagerDuty, "schedules: [PS1]");
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Refuses);
        Assert.Equal("1", standing.Finding.Arguments["count"]);
        Assert.Equal("Lee Jiho", standing.Finding.Arguments["people"]);
        Assert.Equal("2026-11-22 17:40:00Z", standing.Finding.Arguments["at"]);
    }

    [Fact]
    public async Task A_shift_that_is_handed_over_goes_on()
    {
        await using var pagerDuty = await PagerDutyAsync(
            Entry("PKIM", "Kim Minji", "2026-11-22T09:00:00Z", "2026-11-22T17:40:00Z"),
            Entry("PPARK", "Park Seoyeon", "2026-11-22T17:40:00Z", "2026-11-23T09:00:00Z"),
            Entry("PLEE", "Lee Jiho", null, null)
        );
        await using var bench = await BenchAsync(pagerDuty, "schedules: [PS1]");
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Passed);
        Assert.Equal("Kim Minji (–17:40Z), Lee Jiho", standing.Finding.Arguments["people"]);
    }

    [Fact]
    public async Task Nobody_on_call_refuses_and_people_may_say_that_they_stand_by()
    {
        await using var pagerDuty = await PagerDutyAsync();
        await using var bench = await BenchAsync(pagerDuty, "escalationPolicies: [PE1]");
        var standing = await bench.StandingAsync(Gate);
        Assert.Equal("gates.on-call.off-duty", standing.Finding.Code);
        Assert.True(standing.Refuses);
        Assert.Equal("PE1", Assert.Single(pagerDuty.Asked).Query["escalation_policy_ids[]"].ToString());
        await bench.SayAsync("on-call", "kim");
        Assert.True((await bench.StandingAsync(Gate)).Refuses);
        await bench.SayAsync("on-call", "lee");
        Assert.True(await bench.PassesAsync(Gate));
    }

    [Fact]
    public async Task People_of_both_are_not_added_up()
    {
        await using var pagerDuty = await PagerDutyAsync(Entry("PKIM", "Kim Minji", null, null));
        await using var bench = await BenchAsync(pagerDuty, "schedules: [PS1]");
        await bench.SayAsync("on-call", "kim");
        Assert.True((await bench.StandingAsync(Gate)).Refuses);
    }

    [Fact]
    public async Task One_person_under_two_names_counts_once()
    {
        await using var bench = await GateBench.CreateAsync("onCall: { people: 2 }");
        await bench.SayAsync("on-call", "kim");
        await bench.SayAsync("on-call", "Kim Minji <kim@example.com>");
        Assert.True((await bench.StandingAsync(Gate)).Refuses);
    }

    [Fact]
    public async Task All_pages_are_read()
    {
        await using var pagerDuty = await PagerDutyAsync([
            .. Enumerable.Range(0, 100).Select(_ => Entry("PKIM", "Kim Minji", null, null)),
            Entry("PLEE", "Lee Jiho", null, null),
        ]);
        await using var bench = await BenchAsync(pagerDuty, "schedules: [PS1]");
        Assert.True(await bench.PassesAsync(Gate));
        Assert.Equal(["0", "100"], pagerDuty.Asked.Select(a => a.Query["offset"].ToString()));
    }

    [Theory]
    [InlineData(401, """{"error":"Unauthorized"}""", "notifications.api.unauthorized")]
    [InlineData(429, "", "notifications.api.status")]
    [InlineData(500, "<html>oops</html>", "notifications.api.status")]
    [InlineData(302, "", "notifications.api.status")]
    [InlineData(200, "<html>log in</html>", "notifications.api.undocumented")]
    [InlineData(200, "{}", "notifications.api.undocumented")]
    [InlineData(200, """{"oncalls":[{"user":{}}]}""", "notifications.api.undocumented")]
    [InlineData(200, """{"oncalls":[{"user":{"id":"P1"},"start":"soon"}]}""", "notifications.api.undocumented")]
    public async Task What_PagerDuty_does_not_tell_is_not_known(int status, string body, string code)
    {
        await using var server = await StubServer.SayingAsync(status, body);
        await using var bench = await BenchAsync(server.Address, "schedules: [PS1]");
        var standing = await bench.StandingAsync(Gate);
        Assert.True(standing.Refuses);
        Assert.Equal("gates.on-call.unknown", standing.Finding.Code);
        Assert.Equal(code, standing.Finding.Parts!["problem"].Code);
        Assert.DoesNotContain(Token, standing.Finding.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_not_there_tells_nobody()
    {
        await using var bench = await BenchAsync(new Uri("http://127.0.0.1:1"), "schedules: [PS1]");
        Assert.Equal("probes.unreachable", (await bench.StandingAsync(Gate)).Finding.Parts!["problem"].Code);
    }

    private static string Entry(string id, string name, string? from, string? until) =>
        $$"""
            {
              "escalation_policy": { "id": "PE1", "type": "escalation_policy_reference", "summary": "Database" },
              "escalation_level": 1,
              "schedule": null,
              "user": { "id": "{{id}}", "type": "user_reference", "summary": "{{name}}" },
              "start": {{Quoted(from)}},
              "end": {{Quoted(until)}}
            }
            """;

    private static string Quoted(string? text) => text is null ? "null" : $"\"{text}\"";

    private static Task<RecordingServer> PagerDutyAsync(params string[] entries) =>
        RecordingServer.StartAsync(asked =>
        {
            var offset = int.Parse(asked.Query["offset"].ToString(), null);
            var limit = int.Parse(asked.Query["limit"].ToString(), null);
            var page = entries.Skip(offset).Take(limit);
            var more = entries.Length > offset + limit ? "true" : "false";
            return $$"""
                {"oncalls":[{{string.Join(
                    ',',
                    page
                )}}],"limit":{{limit}},"offset":{{offset}},"more":{{more}},"total":null}
                """;
        });

    private static Task<GateBench> BenchAsync(RecordingServer server, string whose) =>
        BenchAsync(server.Address, whose);

    private static Task<GateBench> BenchAsync(Uri address, string whose) =>
        GateBench.CreateAsync(
            $$"""onCall: { people: 2, pagerduty: { {{whose}}, address: '{{address}}', token: "${TOKEN}" } }""",
            ("TOKEN", Token)
        );
}
