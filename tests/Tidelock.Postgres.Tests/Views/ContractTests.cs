using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

public sealed class ContractTests(PostgresServer server)
{
    private static readonly Contract Contract = new(
        new RelationName("public", "v"),
        [new("id", "bigint", true), new("seconds", "integer", false), new("at", "timestamp with time zone", true)],
        [
            ["id"],
        ],
        [new ContractRule("seconds are not negative", "select id from v where seconds < 0")]
    );

    private const string View = """
        create table t (id bigint, seconds text, at timestamptz default now());
        create view v as select id, seconds::int as seconds, at from t;
        insert into t values (1, '5'), (2, '6');
        """;

    [Fact]
    public async Task A_contract_that_holds_says_how_many_rows_were_evaluated()
    {
        var (shape, content) = await VerifyAsync(View);
        Assert.Empty(shape);
        Assert.True(content.Hold);
        Assert.Equal(2, content.Rows);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Bad_data_in_any_column_fails_although_a_count_does_not_see_it(int bad)
    {
        var values = new[] { "'1'", "'5'", "'2026-01-01'" };
        values[bad] = "'abc'";
        var sql = $"""
            create table t (id text, seconds text, at text);
            create view v as select id::bigint, seconds::int as seconds, at::timestamptz from t;
            insert into t values ('1', '5', '2026-01-01'), ({string.Join(", ", values)});
            """;
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(sql);
        Assert.Equal(2L, await database.ScalarAsync<long>("select count(*) from v"));

        var (_, content) = await VerifyAsync(database);

        var finding = Assert.Single(content.Violations, v => v.Code == "contracts.content.failed");
        Assert.Contains("abc", finding.ToString(), StringComparison.Ordinal);
        Assert.Equal($"\"{Contract.Columns[bad].Name}\"", finding.Arguments["columns"]);
        Assert.StartsWith("22", finding.Arguments["state"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nulls_doubles_and_broken_rules_are_each_told_with_their_rows()
    {
        var (_, content) = await VerifyAsync(
            View + "insert into t values (2, '-3', now()), (null, '1', null), (null, null, now())"
        );
        var codes = content.Violations.Select(v => v.Code).ToList();
        Assert.Equal(["contracts.nulls", "contracts.nulls", "contracts.doubles", "contracts.rule.broken"], codes);
        Assert.Equal("2", content.Violations[0].Arguments["count"]);
        Assert.Equal("1", content.Violations[2].Arguments["count"]);
        Assert.Equal("id=2", content.Violations[3].Arguments["rows"]);
    }

    [Theory]
    [InlineData(
        "select 1 as a",
        "contracts.column.missing contracts.column.missing contracts.column.missing contracts.column.extra"
    )]
    [InlineData("select 1 as id, 2 as seconds, now() as at", "contracts.column.type")]
    [InlineData("select now() as at, 1::bigint as id, 2 as seconds", "contracts.columns.reordered")]
    [InlineData("select 1::bigint as id, 2 as seconds, now() as at, 4 as more", "contracts.column.extra")]
    public async Task Every_drift_of_the_shape_is_told(string definition, string codes)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"create view v as {definition}");
        await using var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        var drift = await ContractVerifier.ShapeAsync(session, Contract, default);
        Assert.Equal(codes, string.Join(' ', drift.Select(d => d.Code)));
    }

    [Fact]
    public async Task A_relation_that_is_not_there_is_a_drift_of_its_own()
    {
        await using var database = await server.CreateDatabaseAsync();
        await using var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        Assert.Equal(
            "contracts.no-relation",
            Assert.Single(await ContractVerifier.ShapeAsync(session, Contract, default)).Code
        );
    }

    [Fact]
    public async Task What_takes_longer_than_its_limit_has_not_passed()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            "create view v as select 1::bigint as id, (select 1 from pg_sleep(20)) as seconds, now() as at"
        );
        await using var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        var found = await ContractVerifier.ContentAsync(
            new BoundedRead(session, TimeSpan.FromMilliseconds(200), TimeProvider.System),
            Contract,
            default
        );
        Assert.Equal(["contracts.content.timeout", "contracts.rule.unreached"], found.Violations.Select(v => v.Code));
    }

    [Fact]
    public async Task The_limit_is_for_all_rules_together_and_what_is_not_reached_is_unknown()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(View);
        await using var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        var contract = Contract with
        {
            Rules =
            [
                .. new[] { ("quick", "0.01"), ("slow", "30"), ("last", "0") }.Select(r => new ContractRule(
                    r.Item1,
                    $"select * from (select pg_sleep({r.Item2})::text as s offset 0) q where s = 'x'"
                )),
            ],
        };
        var limit = TimeSpan.FromSeconds(4);

        var start = TimeProvider.System.GetTimestamp();
        var found = await ContractVerifier.ContentAsync(
            new BoundedRead(session, limit, TimeProvider.System),
            contract,
            default
        );
        var report = await ContractVerifier.ReportAsync(session, contract, limit, TimeProvider.System, default);
        var took = TimeProvider.System.GetElapsedTime(start);

        Assert.Equal(["contracts.rule.timeout", "contracts.rule.unreached"], found.Violations.Select(v => v.Code));
        Assert.Equal("slow", found.Violations[0].Arguments["rule"]);
        Assert.False(report.Holds);
        Assert.Null(report.Checks[^1].Findings);
        Assert.Equal("contracts.rule.timeout", Assert.Single(report.Checks[^2].Findings!).Code);
        Assert.Empty(report.Checks[^3].Findings!);
        Assert.True(took < TimeSpan.FromSeconds(20), $"{took}");
    }

    [Theory]
    [InlineData("delete from t returning id", "25006")]
    [InlineData("select 1; select 2", "42601")]
    [InlineData("select nothing", "42703")]
    [InlineData("select g from generate_series(1, 2000000) g order by 1 desc offset 2000000", "53400")]
    public async Task A_rule_that_is_not_one_query_would_write_or_sorts_more_than_it_may_has_not_passed(
        string sql,
        string state
    )
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(View);
        await using var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        var found = await ContractVerifier.ContentAsync(
            new BoundedRead(session, TimeSpan.FromSeconds(10), TimeProvider.System) { Temporary = 1 << 20 },
            Contract with
            {
                Rules = [new ContractRule("r", sql)],
            },
            default
        );
        var violation = Assert.Single(found.Violations);
        Assert.Equal("contracts.rule.failed", violation.Code);
        Assert.Equal(state, violation.Arguments["state"]);
    }

    private async Task<(IReadOnlyList<Texts.Message>, ContractFindings)> VerifyAsync(string sql)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(sql);
        return await VerifyAsync(database);
    }

    private static async Task<(IReadOnlyList<Texts.Message>, ContractFindings)> VerifyAsync(TestDatabase database)
    {
        await using var session = await PostgresSession.OpenAsync(database.Target, "t", default);
        return (
            await ContractVerifier.ShapeAsync(session, Contract, default),
            await ContractVerifier.ContentAsync(
                new BoundedRead(session, TimeSpan.FromSeconds(30), TimeProvider.System),
                Contract,
                default
            )
        );
    }
}
