using NJsonSchema;
using Tidelock.Backups;
using Tidelock.Changes;
using Tidelock.Gates;
using Tidelock.Runs;
using Tidelock.Tests.Gates;
using Tidelock.Tests.House;
using Tidelock.Texts;

namespace Tidelock.Tests.Policies;

public sealed class PolicyTests : IDisposable
{
    private static readonly Dictionary<string, string> Variables = new(StringComparer.Ordinal)
    {
        ["PAGERDUTY_TOKEN"] = "pagerduty-token-of-the-team",
    };

    private readonly string root = Directory.CreateTempSubdirectory("tidelock-policy-").FullName;

    [Fact]
    public void A_change_can_turn_off_no_gate_that_the_policy_demands_and_loosen_no_threshold()
    {
        Directory.CreateDirectory(Path.Combine(root, ".git"));
        Policy(
            """
            apiVersion: tidelock/v1
            environments:
              production:
                gates:
                  staging: { soak: 24h }
                  backup: { maxAge: 2h, proof: rehearsed }
                  approval: { required: 2, expires: 72h }
                  announcement: { before: 30m }
                  dashboards: required
                  rollbackPlan: required
                  onCall: { people: 2, level: recommended }
                  slack: recommended
              others: {}
            """
        );
        Change(
            "staging: { environment: production, soak: 1h }, backup: { maxAge: 6h, rehearse: false }, approval: off, announcement: { before: 1h }, rollbackPlan: off, onCall: { people: 3, level: recommended }"
        );
        var gates = Gates("production");

        Assert.Equal((GateLevel.Required, "staging", TimeSpan.FromHours(24)), Soak(gates));
        Assert.Equal(
            (GateLevel.Required, TimeSpan.FromHours(2), BackupLevel.Rehearsed),
            (gates.BackupLevel, gates.Backup.MaxAge, gates.Backup.Proof)
        );
        Assert.Equal(
            (GateLevel.Required, 2, TimeSpan.FromHours(72)),
            (gates.Approval.Level, gates.Approval.Required, gates.Approval.Expires)
        );
        Assert.Equal(TimeSpan.FromHours(1), gates.Announcement.Before);
        Assert.Equal(
            (GateLevel.Required, GateLevel.Required, GateLevel.Recommended),
            (gates.Dashboards.Level, gates.RollbackPlan, gates.Slack.Level)
        );
        Assert.Equal(3, gates.OnCall.People);
        Assert.Empty(gates.Rules["announcement"]);
        var rules = gates.Rules["approval"].ToList();
        Assert.Equal([7, 7, 7], rules.Select(r => r.Line));
        Assert.Contains("production.gates.approval.required: 2", rules.Select(r => r.Rule));
        Assert.EndsWith("tidelock.yaml", rules[0].File, StringComparison.Ordinal);

        Assert.Equal(GateLevel.Off, Gates("staging").Approval.Level);
    }

    [Fact]
    public void A_gate_that_is_demanded_without_a_threshold_is_demanded_with_its_default()
    {
        Policy(
            "environments: { production: { gates: { staging: required, backup: required, approval: required, announcement: required, onCall: required } }, others: {} }"
        );
        Change(
            "staging: { soak: 1s, gap: 6h, age: 300d }, backup: { maxAge: 300d, rehearse: false }, approval: { expires: 300d }, announcement: { before: 1s }, onCall: { people: 1 }"
        );
        var gates = Gates("production");
        Assert.Equal(
            (TimeSpan.FromHours(24), TimeSpan.FromHours(1), TimeSpan.FromDays(7)),
            (gates.Staging.Soak, gates.Staging.Gap, gates.Staging.Age)
        );
        Assert.Equal((TimeSpan.FromHours(24), BackupLevel.Rehearsed), (gates.Backup.MaxAge, gates.Backup.Proof));
        Assert.Equal(
            (1, TimeSpan.FromMinutes(30), 2),
            (gates.Approval.Required, gates.Announcement.Before, gates.OnCall.People)
        );
        Assert.Contains("production.gates.backup: required", gates.Rules["backup"].Select(r => r.Rule));
    }

    [Fact]
    public void Dashboards_schedules_and_channels_of_the_policy_are_asked_whatever_the_change_names()
    {
        Policy(
            """
            environments:
              production:
                gates:
                  announcement: { channels: [slack] }
                  dashboards: ["https://grafana.example.com/d/team"]
                  onCall: { pagerduty: { schedules: [PTEAM] } }
                  slack: { channel: "#db-ops" }
              others: {}
            """
        );
        Change(
            "announcement: { channels: [mail] }, dashboards: [\"https://mine.example.com/\"], onCall: { pagerduty: { schedules: [PMINE], address: \"https://mine.example.com\" } }, slack: { channel: \"#mine\" }"
        );
        var gates = Gates("production");
        Assert.Equal(["mail", "slack"], gates.Announcement.Channels);
        Assert.Equal(
            ["https://mine.example.com/", "https://grafana.example.com/d/team"],
            gates.Dashboards.Addresses.Select(a => a.ToString())
        );
        Assert.Equal(["PTEAM"], gates.OnCall.PagerDuty!.Schedules);
        Assert.Equal("https://api.pagerduty.com/", gates.OnCall.PagerDuty.Address.ToString());
        Assert.Equal("#db-ops", gates.Slack.Channel);
        Assert.All(["announcement", "dashboards", "onCall", "slack"], g => Assert.NotEmpty(gates.Rules[g]));
    }

    [Fact]
    public async Task A_refusal_names_the_file_the_line_and_the_rule()
    {
        const string policy = """
            environments:
              production:
                gates: { approval: { required: 2 } }
              others: {}
            """;
        await using var bench = await GateBench.WithPolicyAsync("approval: { required: 1 }", policy);
        await bench.SayAsync("approval", "kim");
        var standing = await bench.StandingAsync(new ApprovalGate());
        Assert.True(standing.Refuses);
        Assert.Contains(
            "tidelock.yaml:3 says production.gates.approval.required: 2",
            standing.Finding.ToString(),
            StringComparison.Ordinal
        );
        await bench.SayAsync("approval", "lee");
        Assert.True(await bench.PassesAsync(new ApprovalGate()));
    }

    [Fact]
    public async Task Only_those_the_policy_names_pass_over_a_gate_and_nobody_over_one_it_demands_without_saying_who()
    {
        const string policy = """
            environments:
              production:
                gates: { approval: { required: 2 }, announcement: { before: 30m } }
                overrides: { approval: [lee] }
              others: {}
            """;
        await using var bench = await GateBench.WithPolicyAsync("dashboards: required", policy);
        await bench.SayAsync("approval", "kim", WordKind.Overridden, "outage");
        var refused = await bench.StandingAsync(new ApprovalGate());
        Assert.True(refused.Refuses);
        Assert.Contains(
            "kim passed over it, and may not: tidelock.yaml:4",
            refused.Finding.ToString().Replace(Shown(bench.Folder), "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
        await bench.SayAsync("approval", "lee", WordKind.Overridden, "outage");
        Assert.True((await bench.StandingAsync(new ApprovalGate())).Overridden);

        await bench.SayAsync("announcement", "lee", WordKind.Overridden, "outage");
        Assert.True((await bench.StandingAsync(new AnnouncementGate())).Refuses);
        using var http = new HttpMessageInvoker(new SocketsHttpHandler());
        await bench.SayAsync("dashboards", "kim", WordKind.Overridden, "outage");
        Assert.True((await bench.StandingAsync(new DashboardsGate(http))).Overridden);
    }

    [Fact]
    public void The_digest_is_of_the_policy_and_of_whose_signatures_count_and_others_are_all_that_are_not_named()
    {
        Policy(
            """
            environments:
              production: { gates: { approval: recommended }, approvals: { signers: signers } }
              others: { gates: { approval: { required: 3 } } }
            """
        );
        File.WriteAllText(Path.Combine(root, "signers"), "kim ssh-ed25519 AAAA\n");
        Change("approval: off");
        var first = Gates("production").Policy!.Mark;
        Assert.Equal(64, first.Digest.Length);
        Assert.Equal(first, Gates("production").Policy!.Mark);
        Assert.Equal(3, Gates("staging").Approval.Required);

        File.AppendAllText(Path.Combine(root, "signers"), "eve ssh-ed25519 AAAA\n");
        Assert.NotEqual(first.Digest, Gates("production").Policy!.Mark.Digest);
    }

    [Fact]
    public void It_is_looked_for_up_to_the_root_of_the_repository_and_two_are_a_mistake()
    {
        Policy("environments: { production: { gates: { approval: { required: 2 } } }, others: {} }");
        Change("approval: off");
        Assert.Equal(2, Gates("production").Approval.Required);

        Directory.CreateDirectory(Path.Combine(root, "changes", ".git"));
        Assert.Null(Gates("production").Policy);
        Directory.Delete(Path.Combine(root, "changes", ".git"));

        File.WriteAllText(Path.Combine(root, "changes", "scores", "tidelock.yaml"), "environments: { others: {} }");
        var two = Assert.Single(Load("production").Mistakes);
        Assert.Equal("policies.two", two.Problem.Code);
    }

    [Theory]
    [InlineData("gitdir: ../../.git/modules/scores", true)]
    [InlineData("gitdir: /repository/.git/worktrees/tonight", false)]
    public void A_submodule_is_held_to_the_policy_around_it_and_a_worktree_is_a_root(string git, bool isHeld)
    {
        Policy("environments: { production: { gates: { approval: { required: 2 } } }, others: {} }");
        Change("approval: off");
        File.WriteAllText(Path.Combine(root, "changes", "scores", ".git"), git + "\n");
        Assert.Equal(isHeld, Gates("production").Policy is not null);
    }

    [Theory]
    [InlineData("environments: { production: { gates: { aproval: { required: 2 } } } }", "changes.key.meant")]
    [InlineData("environments: { production: { gates: { approval: { requird: 2 } } } }", "changes.key.meant")]
    [InlineData("environments: { production: { gates: { staging: { soak: 5 } } } }", "changes.duration.unit")]
    [InlineData("environments: { production: { gates: { slack: ['#db-ops'] } } }", "changes.kind.mapping")]
    [InlineData(
        "environments: { production: { gates: { announcement: { channels: [slak] } } }, others: {} }",
        "changes.word.meant"
    )]
    [InlineData("environments: { production: { approvals: { signers: nowhere } } }", "changes.file.missing")]
    [InlineData("environments: { production: { approvals: { revoked: tidelock.yaml } } }", "policies.revoked-alone")]
    [InlineData("environments: { production: { approvals: { allow: [everything] } } }", "changes.word.unknown")]
    [InlineData("environments: { production: { overrides: { approval: kim } } }", "changes.kind.list")]
    [InlineData("environments: { production: { overrides: { on-call: [kim] } } }", "changes.key.meant")]
    [InlineData("environments: { production: { overrides: { backup: [kim] } } }", "changes.key.unknown")]
    [InlineData("environments: { production: {} }", "policies.not-named")]
    [InlineData("environments: { production: { approvals: { signers: tidelock.yaml } } }", "policies.signers-alone")]
    [InlineData(
        "environments: { production: { gates: { approval: required }, approvals: { signers: tidelock.yaml }, overrides: { approval: [kim] } } }",
        "policies.override-signed"
    )]
    [InlineData("environments: { production: { gates: { backup: required } }, others: {} }", "gates.policy.proof")]
    [InlineData("environments: [production]", "changes.kind.mapping")]
    [InlineData("gates: {}", "changes.key.unknown")]
    [InlineData(
        "environments: { production: { gates: { backup: { proof: verified } } }, others: {} }",
        "gates.policy.proof"
    )]
    public void What_is_wrong_with_it_keeps_every_change_from_being_read_and_is_named_where_it_is(
        string policy,
        string code
    )
    {
        Policy(policy);
        Change("backup: { by: confirmed }");
        var mistakes = Load("production").Mistakes;
        Assert.Null(Load("production").Change);
        Assert.Contains(code, mistakes.Select(m => m.Problem.Code));
        var place = code == "gates.policy.proof" ? "change.yaml" : "tidelock.yaml";
        Assert.All(mistakes, m => Assert.EndsWith(place, m.File, StringComparison.Ordinal));
        Assert.All(mistakes, m => Assert.NotEqual(m.Render(TextCatalog.English), m.Render(TextCatalog.Korean)));
    }

    [Fact]
    public void The_example_of_the_page_is_read_and_makes_a_change_stricter()
    {
        var folder = Path.Combine(Repository.Root, "docs", "examples", "policy");
        var page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "policies.md"));
        var shown = page.Split("```yaml\n")[1].Split("```")[0];
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "tidelock.yaml")), shown);

        var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables: null);
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(TextCatalog.English))));
        var gates = reading.Change!.Section<GateOptions>();
        Assert.Equal((2, TimeSpan.FromHours(72)), (gates.Approval.Required, gates.Approval.Expires));
        Assert.Equal((TimeSpan.FromHours(48), TimeSpan.FromHours(1)), (gates.Staging.Soak, gates.Announcement.Before));
        Assert.EndsWith("allowed_signers", gates.Policy!.Signers!.File, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schema_for_editors_accepts_the_example_and_refuses_a_typo()
    {
        var schema = await JsonSchema.FromJsonAsync(TidelockServices.PolicySchema);
        Assert.Empty(
            schema.Validate(
                """{ "apiVersion": "tidelock/v1", "environments": { "production": { "gates": { "approval": { "required": 2, "expires": "72h" } }, "approvals": { "signers": "ops/allowed_signers", "allow": ["author executes"] }, "overrides": { "window": ["kim"] } } } }"""
            )
        );
        Assert.NotEmpty(
            schema.Validate("""{ "environments": { "production": { "gates": { "aproval": { "required": 2 } } } } }""")
        );
        Assert.NotEmpty(schema.Validate("""{ "environments": { "production": { "approval": {} } } }"""));
    }

    [Fact]
    public void What_everybody_may_write_is_nobodys_policy_and_nobodys_list_of_signers_wherever_a_link_leads()
    {
        Policy(
            "environments: { production: { gates: { approval: required }, approvals: { signers: ops/signers } }, others: {} }"
        );
        Change("approval: off");
        var real = Directory.CreateDirectory(Path.Combine(root, "ops")).FullName;
        File.WriteAllText(Path.Combine(real, "signers"), "kim ssh-ed25519 AAAA\n");
        File.Move(Path.Combine(root, "tidelock.yaml"), Path.Combine(real, "policy.yaml"));
        File.CreateSymbolicLink(Path.Combine(root, "tidelock.yaml"), Path.Combine("ops", "policy.yaml"));
        Assert.NotNull(Gates("production").Policy);

        foreach (var open in new[] { "ops/signers", "ops/policy.yaml", "ops" })
        {
            var path = Path.Combine(root, open);
            var mode = File.GetUnixFileMode(path);
            File.SetUnixFileMode(path, mode | UnixFileMode.OtherWrite);
            Assert.Equal("policies.anybodys", Assert.Single(Load("production").Mistakes).Problem.Code);
            File.SetUnixFileMode(path, mode);
        }
    }

    public void Dispose() => Directory.Delete(root, recursive: true);

    private static (GateLevel Level, string Environment, TimeSpan Soak) Soak(GateOptions gates) =>
        (gates.Staging.Level, gates.Staging.Environment, gates.Staging.Soak);

    private static string Shown(string folder) =>
        Path.GetRelativePath(Directory.GetCurrentDirectory(), folder) + Path.DirectorySeparatorChar;

    private void Policy(string text) => File.WriteAllText(Path.Combine(root, "tidelock.yaml"), text);

    private void Change(string gates)
    {
        var folder = Directory.CreateDirectory(Path.Combine(root, "changes", "scores")).FullName;
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            migration: { sql: { up: new.sql } }
            gates: { {{gates}} }
            environments:
              staging: { database: "host=127.0.0.1 port=1 dbname=s user=u" }
              production: { database: "host=127.0.0.1 port=1 dbname=p user=u" }
            """
        );
    }

    private ChangeReading Load(string environment) =>
        TidelockServices.ChangeLoader.Load(Path.Combine(root, "changes", "scores"), environment, Variables);

    private GateOptions Gates(string environment)
    {
        var reading = Load(environment);
        Assert.Equal("", string.Join('\n', reading.Mistakes.Select(m => m.Render(TextCatalog.English))));
        return reading.Change!.Section<GateOptions>();
    }
}
