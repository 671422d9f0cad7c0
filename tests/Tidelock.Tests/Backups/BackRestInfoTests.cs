using Tidelock.Backups.PgBackRest;

namespace Tidelock.Tests.Backups;

public sealed class BackRestInfoTests
{
    private const string Server = "7712893270875553893";
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    /// <summary>What 2.45 printed of a real stanza with a full and a differential backup.</summary>
    private const string Real = """
        [{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":"000000010000000000000004","min":"000000010000000000000001"}],"backup":[{"archive":{"start":"000000010000000000000002","stop":"000000010000000000000002"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":22992569,"repository":{"delta":3043466,"size":3043466},"size":22992569},"label":"20261127-164509F","lsn":{"start":"0/2000028","stop":"0/2000100"},"prior":null,"reference":null,"timestamp":{"start":1795797909,"stop":1795797916},"type":"full"},{"archive":{"start":"000000010000000000000003","stop":"000000010000000000000004"},"backrest":{"format":5,"version":"2.45"},"database":{"id":1,"repo-key":1},"error":false,"info":{"delta":8458,"repository":{"delta":431,"size":3043466},"size":22992569},"label":"20261127-164509F_20261127-164517D","lsn":{"start":"0/3000028","stop":"0/4000050"},"prior":"20261127-164509F","reference":["20261127-164509F"],"timestamp":{"start":1795797917,"stop":1795797919},"type":"diff"}],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7712893270875553893,"version":"15"}],"name":"lab","repo":[{"cipher":"none","key":1,"status":{"code":0,"message":"ok"}}],"status":{"code":0,"lock":{"backup":{"held":false}},"message":"ok"}}]
        """;

    /// <summary>What it printed of a stanza it does not know.</summary>
    private const string Absent = """
        [{"archive":[],"backup":[],"cipher":"none","db":[],"name":"nope","repo":[{"cipher":"none","key":1,"status":{"code":1,"message":"missing stanza path"}}],"status":{"code":1,"lock":{"backup":{"held":false}},"message":"missing stanza path"}}]
        """;

    /// <summary>And of one that was created and has no backup.</summary>
    private const string Empty = """
        [{"archive":[{"database":{"id":1,"repo-key":1},"id":"15-1","max":null,"min":null}],"backup":[],"cipher":"none","db":[{"id":1,"repo-key":1,"system-id":7712893270875553893,"version":"15"}],"name":"lab","repo":[{"cipher":"none","key":1,"status":{"code":2,"message":"no valid backups"}}],"status":{"code":2,"lock":{"backup":{"held":false}},"message":"no valid backups"}}]
        """;

    [Fact]
    public void The_newest_backup_of_a_server_is_found_with_its_age_and_its_log_files()
    {
        var stanza = BackRestStanza.Of(Real, "lab")!;

        var newest = stanza.Newest(Server)!;

        Assert.Null(stanza.Unwell(newest));
        Assert.Null(stanza.Foreign(Server));
        Assert.Equal("20261127-164509F_20261127-164517D", newest.Label);
        Assert.Equal(("diff", "000000010000000000000003"), (newest.Type, newest.Archive!.Start));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1795797919), newest.At);
        Assert.Equal("15-1", stanza.ArchiveOf(newest));
        Assert.Null(newest.Problem(Hour, newest.At!.Value + Hour));
    }

    [Fact]
    public void A_backup_that_is_too_old_or_of_the_future_or_has_damaged_pages_does_not_count()
    {
        var newest = BackRestStanza.Of(Real, "lab")!.Newest(Server)!;
        var at = newest.At!.Value;

        Assert.Equal("backups.too-old", newest.Problem(Hour, at + (2 * Hour))!.Code);
        Assert.Equal("backups.from-the-future", newest.Problem(Hour, at - Hour)!.Code);
        Assert.Equal("backups.backrest.error", (newest with { Error = true }).Problem(Hour, at)!.Code);
    }

    [Theory]
    [InlineData("\"error\":false,", "", "backups.backrest.error-unknown")]
    [InlineData("\"timestamp\":{\"start\":1795797917,\"stop\":1795797919},", "", "backups.backrest.age-unknown")]
    public void What_an_earlier_version_does_not_tell_is_unknown_and_does_not_pass(
        string told,
        string instead,
        string code
    )
    {
        // Only the differential backup, so that it is the newest whatever it tells.
        var one = Real.Replace(
            Real[
                Real.IndexOf(
                    "{\"archive\":{\"start\":\"000000010000000000000002\"",
                    StringComparison.Ordinal
                )..Real.IndexOf("{\"archive\":{\"start\":\"000000010000000000000003\"", StringComparison.Ordinal)
            ],
            "",
            StringComparison.Ordinal
        );
        var earlier = one.Replace(told, instead, StringComparison.Ordinal);
        Assert.NotEqual(one, earlier);

        var newest = BackRestStanza.Of(earlier, "lab")!.Newest(Server)!;

        Assert.Equal(code, newest.Problem(Hour, DateTimeOffset.FromUnixTimeSeconds(1795797919))!.Code);
    }

    [Fact]
    public void A_version_with_one_repository_only_names_none_and_means_the_first()
    {
        var earlier = Real.Replace(",\"repo-key\":1", "", StringComparison.Ordinal);

        var newest = BackRestStanza.Of(earlier, "lab")!.Newest(Server);

        Assert.Equal((1, "diff"), (newest!.Repository, newest.Type));
    }

    [Fact]
    public void A_stanza_of_another_server_has_no_backup_of_this_one_and_says_whose_it_has()
    {
        // One more than a double can tell apart from it.
        var stanza = BackRestStanza.Of(Real, "lab")!;

        Assert.Null(stanza.Newest("7712893270875553894"));
        var problem = stanza.Foreign("7712893270875553894")!;
        Assert.Equal("backups.backrest.other-server", problem.Code);
        Assert.Equal(Server, problem.Arguments["from"]);
    }

    [Fact]
    public void A_server_that_was_upgraded_has_no_newest_backup_of_the_time_before()
    {
        var upgraded = Real.Replace(
            "\"db\":[",
            "\"db\":[{\"id\":2,\"repo-key\":1,\"system-id\":5,\"version\":\"16\"},",
            StringComparison.Ordinal
        );

        Assert.Null(BackRestStanza.Of(upgraded, "lab")!.Newest("5"));
    }

    [Fact]
    public void A_stanza_that_is_missing_or_has_no_backup_yet_is_told_in_pgbackrests_words()
    {
        var absent = BackRestStanza.Of(Absent, "nope")!;
        var empty = BackRestStanza.Of(Empty, "lab")!;

        Assert.Equal("missing stanza path", absent.Unwell(null)!.Arguments["words"]);
        Assert.Null(empty.Newest(Server));
        Assert.Null(empty.Unwell(null));
    }

    [Fact]
    public void Of_several_repositories_the_one_that_has_the_backup_counts()
    {
        var mixed = Real.Replace(
            "\"status\":{\"code\":0,\"lock\"",
            "\"status\":{\"code\":4,\"lock\"",
            StringComparison.Ordinal
        );
        var broken = mixed.Replace(
            "\"key\":1,\"status\":{\"code\":0",
            "\"key\":1,\"status\":{\"code\":99",
            StringComparison.Ordinal
        );

        Assert.Null(BackRestStanza.Of(mixed, "lab")!.Unwell(BackRestStanza.Of(mixed, "lab")!.Newest(Server)));
        Assert.Equal(
            "99",
            BackRestStanza.Of(broken, "lab")!.Unwell(BackRestStanza.Of(broken, "lab")!.Newest(Server))!.Arguments[
                "code"
            ]
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("ERROR: [055]")]
    [InlineData("""[{"name":"lab","backup":7}]""")]
    public void What_is_no_answer_tells_of_no_stanza(string output) => Assert.Null(BackRestStanza.Of(output, "lab"));

    [Fact]
    public void A_stanza_that_tells_no_status_is_not_well() =>
        Assert.Equal("backups.backrest.answer", BackRestStanza.Of("""[{"name":"lab"}]""", "lab")!.Unwell(null)!.Code);
}
