using Npgsql;
using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Rehearsals;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rehearsals;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Contents;

/// <summary>A new definition on the real data, before anything is changed.</summary>
public sealed class CandidateTests(PostgresServer server)
{
    private const string Scores = """
        create table public.results (id int primary key, name text, score numeric(6,1));
        insert into public.results select i, 'n' || i, i from generate_series(1, 100) i;
        analyze public.results;
        create view public.scores as select id, name, score from public.results;
        create view public.top_scores as select id, score from public.scores where score > 90;
        create materialized view public.names as select t.id, s.name from public.top_scores t join public.scores s using (id);
        create function public.best() returns bigint language plpgsql stable as 'begin return (select max(id) from public.scores); end';
        create function public.label(public.scores) returns text language sql as 'select $1.name';
        create schema other;
        create table other.scores (id int);
        """;

    private const string View = "migration:\n  view: { name: public.scores, definition: new.sql }\n";

    private const string Contract = """
        contract:
          relation: public.scores
          columns: [{ name: id, type: integer, notNull: true }, { name: name, type: text, notNull: true }, { name: score, type: "numeric(6,1)" }]
          unique: [[id], [name]]
          rules:
            - { name: no score above 100, sql: "select id from public.scores where score > 100" }
            - { name: not in another, sql: "select o.id from other.scores o join scores using (id)" }

        """;

    private const string Same = "select id, name, score from public.results";

    [Fact]
    public async Task What_holds_on_the_new_definition_is_told_check_by_check_with_its_cost_before_and_after()
    {
        var found = await TryAsync(
            Contract
                + """
                compare: { key: [id] }
                downstream: [{ name: top, sql: "with s as (select * from scores) select count(*) from top_scores join s using (id) -- all" }]
                smoke: [{ name: names, sql: "select * from public.names;" }, { name: nothing, sql: "select 1" }]
                """,
            "select id, name, score from public.results r where id <= all (select 100 from public.results)"
        );

        Assert.False(found.Refuses, string.Join('\n', found.Lines));
        Assert.Equal("contracts.compare.declared", found.Lines[0].Code);
        Assert.Equal(
            [
                "contracts.candidate.columns",
                "contracts.candidate.costs",
                "contracts.candidate.costs",
                "contracts.candidate.costs",
                "contracts.candidate.fits",
                "contracts.candidate.content",
                "contracts.candidate.rule",
                "contracts.candidate.rule",
            ],
            found.Candidate!.Checks.Select(c => c.Text.Code)
        );
        Assert.All(found.Candidate.Checks, c => Assert.Equal(CandidateStanding.Holds, c.Standing));
        var top = found.Candidate.Checks[3].Text;
        Assert.StartsWith("downstream \"top\"", top.ToString(), StringComparison.Ordinal);
        Assert.True(
            long.Parse(top.Arguments["before"]) * 2 < long.Parse(top.Arguments["after"]),
            $"{top} does not cost more"
        );
    }

    [Theory]
    [InlineData("select id, name, score::numeric(6,2) as score from public.results", "contracts.column.type")]
    [InlineData("select id, score, name from public.results", "contracts.columns.reordered")]
    [InlineData("select id, name from public.results", "contracts.column.missing")]
    [InlineData("select id, nullif(name, 'n5') as name, score from public.results", "contracts.nulls")]
    [InlineData("select id, left(name, 2) as name, score from public.results", "contracts.doubles")]
    [InlineData("select id, name, (score + 1)::numeric(6,1) as score from public.results", "contracts.rule.broken")]
    [InlineData(
        "select id, name, (1 / (id - 7))::numeric(6,1) as score from public.results",
        "contracts.content.failed"
    )]
    [InlineData("select id, name, scor from public.results", "migrations.sql.failed-at")]
    public async Task A_definition_that_would_break_the_contract_is_refused_before_the_change(string sql, string code)
    {
        var found = await TryAsync(Contract, sql);
        Assert.True(found.Refuses);
        Assert.Contains(found.Candidate!.Checks, c => c.Standing == CandidateStanding.Broken && c.Text.Code == code);
    }

    [Theory]
    [InlineData(
        "select id, name from public.results",
        "select avg(score) from public.scores",
        "dependent public.top_scores 42703, dependent public.names 42703, kpi 42703"
    )]
    [InlineData(
        "select id, id as name, score from public.results",
        "select length(s.name) from top_scores t join scores s on s.id = t.id",
        "kpi 42883"
    )]
    public async Task A_query_and_a_dependent_that_would_not_fit_are_refused_with_what_PostgreSQL_says(
        string definition,
        string sql,
        string refused
    )
    {
        var found = await TryAsync($"downstream: [{{ name: kpi, sql: \"{sql}\" }}]", definition);
        Assert.True(found.Refuses);
        Assert.Equal(
            refused,
            string.Join(
                ", ",
                found
                    .Candidate!.Checks.Where(c => c.Standing == CandidateStanding.Broken)
                    .Select(c => (Name: c.Text.Parts!["check"], State: c.Text.Arguments["state"]))
                    .Select(c => $"{c.Name.Arguments.GetValueOrDefault("check", c.Name.ToString())} {c.State}")
            )
        );
    }

    [Theory]
    [InlineData("select public.best()", "public.best()")]
    [InlineData("explain select * from public.scores", "no-query")]
    [InlineData("select public.label(s) from public.scores s", "public.label(public.scores)")]
    public async Task What_reaches_the_view_in_a_way_that_cannot_be_put_in_place_is_named_and_never_good(
        string sql,
        string reason
    )
    {
        var found = await TryAsync($"downstream: [{{ name: kpi, sql: \"{sql}\" }}]", Same);
        Assert.False(found.Refuses, string.Join('\n', found.Lines));
        var check = Assert.Single(
            found.Candidate!.Checks,
            c => c.Text.ToString().Contains("kpi", StringComparison.Ordinal)
        );
        Assert.Equal(CandidateStanding.Unchecked, check.Standing);
        Assert.Contains(reason, $"{check.Text} {check.Text.Parts!["reason"].Code}", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_that_another_schema_has_too_are_not_mistaken_for_the_view()
    {
        var found = await TryAsync(
            """
            downstream:
              - { name: mine, sql: "select * from app.things" }
              - { name: theirs, sql: "select * from things, app.things a" }
            """,
            "select id from items",
            """
            create schema app;
            create table app.items (id int);
            create table public.things (id int);
            create view app.things as select id from app.items;
            """,
            "migration:\n  view: { name: app.things, definition: new.sql }\n"
        );
        Assert.Equal(
            [(CandidateStanding.Holds, "mine"), (CandidateStanding.Unchecked, "theirs")],
            found.Candidate!.Checks.Select(c => (c.Standing, Name(c.Text)))
        );

        static string Name(Message text) => text.Parts!["check"].Arguments["check"];
    }

    [Fact]
    public async Task Foreign_tables_and_volatile_functions_are_evaluated_only_when_the_change_says_so()
    {
        const string Outside = """
            create extension file_fdw;
            create server files foreign data wrapper file_fdw;
            create foreign table public.far (id int, name text) server files options (filename '/dev/null');
            create function public."My Dice"(int) returns int language plpgsql volatile as 'begin return $1; end';
            create view public.near as select id, name from public.far;
            """;
        const string Sql =
            "select r.id, r.name, public.\"My Dice\"(r.id)::numeric(6,1) as score from public.results r where not exists (select from public.near n where n.id = r.id)";
        const string Compared = "compare: { key: [id], evaluate: [] }\n";
        var refused = await TryAsync(Contract + Compared, Sql, Scores + Outside);
        Assert.True(refused.Refuses);
        Assert.Null(refused.Findings);
        var reason = refused.Lines[0].Parts!["problem"];
        Assert.Equal("contracts.compare.consent", reason.Code);
        Assert.Equal("public.far, public.\"My Dice\"()", reason.Arguments["things"]);
        Assert.Equal("foreign tables, volatile functions", reason.Arguments["words"]);
        Assert.Equal(CandidateStanding.Holds, refused.Candidate!.Checks[0].Standing);
        Assert.Equal(3, refused.Candidate.Checks.Count(c => c.Standing == CandidateStanding.Unchecked));

        var allowed = await TryAsync(
            Contract + Compared.Replace("[]", "[foreign tables, volatile functions]", StringComparison.Ordinal),
            Sql,
            Scores + Outside
        );
        Assert.False(allowed.Refuses, string.Join('\n', allowed.Lines));
        Assert.True(allowed.Findings!.AsDeclared);
    }

    [Theory]
    [InlineData("within: 20s", "from public.results r, generate_series(1, 2000000000) g where g < 0", "too-much")]
    [InlineData(
        "temporary: 1MB",
        "from (select r.* from public.results r, generate_series(1, 100000) g order by g, r.name offset 0) r where r.id < 0 union all select id, name, score from public.results",
        "too-much-temporary"
    )]
    [InlineData(
        "temporary: 1MB",
        "from public.results r where id <= (select count(*) from (select distinct g from public.many() g) d)",
        "temporary"
    )]
    public async Task What_would_take_too_much_is_not_begun_or_ends_at_its_bound(string bound, string from, string code)
    {
        var found = await TryAsync(
            $"compare: {{ key: [id], {bound} }}\n",
            $"select r.id, r.name, r.score {from}",
            Scores
                + """
                create function public.many() returns setof text language plpgsql stable rows 1
                as 'begin return query select repeat(md5(i::text), 4) from generate_series(1, 60000) i; end';
                """
        );
        Assert.True(found.Refuses);
        Assert.Equal($"contracts.compare.{code}", found.Lines[0].Parts!["problem"].Code);
    }

    [Fact]
    public async Task A_role_that_may_not_bound_temporary_files_is_told_what_to_grant_and_evaluates_only_what_is_far_below()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        var role = bench.Database.Name;
        await bench.Database.ExecuteAsync(
            $"create role {role} login; alter view public.scores owner to {role}; grant select on public.results to {role}"
        );
        bench.Declaring(View + Contract + "compare: { key: [id], temporary: 100MB }\n").With("new.sql", Same);

        var found = await TryAsync(bench, null, role);
        Assert.False(found.Refuses, string.Join('\n', found.Lines));
        Assert.Equal("contracts.compare.temporary-unkept", found.Findings!.Note!.Code);
        Assert.Equal(found.Findings.Note, found.Lines[^1]);
        Assert.Contains(
            $"GRANT SET ON PARAMETER temp_file_limit TO \"{role}\"",
            found.Lines[^1].ToString(),
            StringComparison.Ordinal
        );
        Assert.Equal(
            found.Findings.Note,
            found
                .Candidate!.Checks.Where(c => c.Standing == CandidateStanding.Unchecked)
                .Select(c => c.Text.Parts!["reason"])
                .First()
        );

        bench.With(
            "new.sql",
            "select r.* from (select r.id, r.name, r.score from public.results r, generate_series(1, 3000) g order by g, r.name offset 0) r where r.id < 0 union all select id, name, score from public.results"
        );
        found = await TryAsync(bench, null, role);
        Assert.Equal("contracts.compare.too-much-unkept", found.Lines[0].Parts!["problem"].Code);

        foreach (
            var given in new[]
            {
                $"grant set on parameter temp_file_limit to {role}",
                $"revoke set on parameter temp_file_limit from {role}; alter role {role} set temp_file_limit = '90MB'",
            }
        )
        {
            await bench.Database.ExecuteAsync(given);
            found = await TryAsync(bench, null, role);
            Assert.Null(found.Findings!.Note);
            Assert.True(found.Findings.AsDeclared, found.Findings.Summary.ToString());
        }

        await bench.Database.ExecuteAsync(
            $"alter view public.scores owner to postgres; drop owned by {role}; drop role {role}"
        );
    }

    [Fact]
    public async Task A_rule_is_judged_by_the_estimate_of_what_is_really_run_and_the_rest_goes_on()
    {
        var found = await TryAsync(
            Contract.Replace(
                "rules:",
                "rules:\n    - { name: heavy, sql: \"select 1 from public.scores s, generate_series(1, 100000) a, generate_series(1, 100000) b, generate_series(1, 100000) c where a + b + c < 0\" }",
                StringComparison.Ordinal
            ),
            Same
        );

        Assert.False(found.Refuses);
        var heavy = Assert.Single(
            found.Candidate!.Checks,
            c => c.Text.ToString().Contains("rule: heavy", StringComparison.Ordinal)
        );
        Assert.Equal(CandidateStanding.Unchecked, heavy.Standing);
        Assert.Equal("contracts.compare.too-much", heavy.Text.Parts!["reason"].Code);
        Assert.Contains(found.Candidate.Checks, c => c.Text.Code == "contracts.candidate.rule");
    }

    [Fact]
    public async Task Types_are_told_as_the_catalog_tells_them()
    {
        const string Sql = """
            select 1::numeric(5,2) a, 'x'::varchar(7) b, array['x'::varchar(7)] c, '1'::bit(3) d, '1'::varbit(4) e, 'x'::char(4) f,
              now()::timestamptz(3) g, now()::timestamp(2) h, localtime(1)::time(1) i, '1h'::interval hour to minute j,
              null::"다른"."T y" k, array[null::"다른"."T y"] l, 'x'::"char" m, null::numeric n, 'x'::char o, null::jsonb p,
              current_time(2)::timetz(2) q, array[1.5::numeric(4,1)] r, 'x'::name s, null::int4range t,
              null::bpchar u, array[1::bit(1)] v, null::"char"[] w
            """;
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("create schema \"다른\"; create type \"다른\".\"T y\" as enum ('a');");
        await database.ExecuteAsync($"create view public.v as {Sql}");
        await using var snapshot = new SharedSnapshot(
            token => PostgresSession.OpenAsync(database.Target, "test", token),
            null,
            TimeSpan.FromSeconds(20),
            TimeProvider.System,
            default
        );
        var planner = await CandidatePlanner.JoinAsync(snapshot);
        var (columns, open) = await planner.DescribeAsync(Sql, ["public"]);
        var catalog = await database.RowsAsync(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute where attrelid = 'public.v'::regclass order by attnum"
        );
        Assert.Equal(["j", "k", "l", "o", "u"], open.Order(StringComparer.Ordinal));
        Assert.Equal(
            catalog.Select(c =>
                c.Replace(" hour to minute", "", StringComparison.Ordinal)
                    .Replace("character(1)", "character", StringComparison.Ordinal)
                    .Replace("bpchar", "character", StringComparison.Ordinal)
            ),
            columns.Select(c => $"{c.Name}|{c.Type}")
        );
    }

    [Fact]
    public async Task Contents_are_read_on_a_standby_that_has_replayed_what_the_server_had_committed()
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions { Settings = new Dictionary<string, string> { ["max_wal_senders"] = "3" } },
            default
        );
        await using var standby = await StreamingStandby.StartAsync(cluster, "reports");
        var notes = new List<Message>();
        async Task<string> ThereAsync(TestDatabase database)
        {
            var sql = $"select exists (select from pg_database where datname = '{database.Name}')";
            await Backups.Polling.UntilAsync(() => standby.ScalarAsync<bool>("postgres", sql));
            return standby.Connection(database.Name);
        }

        var found = await OnAsync(cluster, ThereAsync, notes);
        Assert.False(found.Refuses, string.Join('\n', found.Lines));
        Assert.Equal(100, found.Findings!.NewRows);
        var note = Assert.Single(notes, n => n.Code == "contracts.compare.on-standby");
        Assert.Matches("^[0-9.]+ m?s$", note.Arguments["age"]);

        found = await OnAsync(cluster, d => Task.FromResult(d.Uri), notes);
        Assert.Equal("contracts.compare.standby-no", found.Lines[0].Parts!["problem"].Code);
        found = await OnAsync(cluster, _ => Task.FromResult(standby.Connection("postgres")), notes);
        Assert.Equal("contracts.compare.standby-other", found.Lines[0].Parts!["problem"].Code);
        found = await OnAsync(cluster, _ => Task.FromResult("host=/nowhere dbname=x user=y"), notes);
        Assert.Equal("contracts.compare.standby-lost", found.Lines[0].Parts!["problem"].Code);
        Assert.True(found.Refuses);
    }

    private static async Task<ShadowFindings> OnAsync(
        LocalCluster cluster,
        Func<TestDatabase, Task<string>> standby,
        List<Message> notes
    )
    {
        var database = await TestDatabase.CreateAsync(cluster);
        await using var bench = await RehearsalBench.CreateAsync(database, Scores);
        bench.Declaring(View + Contract + "compare: { key: [id] }\n").With("new.sql", Same);
        Task<PostgresSession> OpenAsync(CancellationToken token) =>
            PostgresSession.OpenAsync(database.Target, "test", token);
        var contents = new ContentServer(await standby(database), "test", OpenAsync, TimeProvider.System, notes.Add);
        return await TryAsync(bench, contents.OpenAsync);
    }

    [Fact]
    public async Task A_server_or_standby_that_goes_away_in_the_middle_of_a_rule_is_told_as_what_it_is()
    {
        const string Ends = """
            contract:
              relation: public.scores
              columns: [{ name: id, type: integer }, { name: name, type: text }, { name: score, type: "numeric(6,1)" }]
              rules:
                - { name: ends, sql: "select id from public.scores where pg_terminate_backend(pg_backend_pid())" }
                - { name: never asked, sql: "select id from public.scores where false" }

            """;
        await using var bench = await RehearsalBench.CreateAsync(server, Scores);
        bench.Declaring(View + Ends).With("new.sql", Same);

        var lost = await Assert.ThrowsAnyAsync<NpgsqlException>(() => TryAsync(bench, null));

        Assert.True(ConnectionLoss.IsLoss(lost), lost.ToString());

        var opened = 0;
        var found = await TryAsync(
            bench,
            token =>
                ++opened == 1
                    ? PostgresSession.OpenAsync(bench.Database.TargetAs("postgres"), "test", token)
                    : throw new StandbyException(Message.Of("contracts.compare.standby-lost", ("reason", "gone")))
        );
        Assert.Equal(2, opened);
        var rule = found.Candidate!.Checks[^1];
        Assert.Equal(CandidateStanding.Unchecked, rule.Standing);
        Assert.Contains("The standby cannot be read: gone", rule.Text.ToString(), StringComparison.Ordinal);
    }

    private async Task<ShadowFindings> TryAsync(
        string yaml,
        string definition,
        string sql = Scores,
        string migration = View
    )
    {
        await using var bench = await RehearsalBench.CreateAsync(server, sql);
        bench.Declaring(migration + yaml).With("new.sql", definition);
        return await TryAsync(bench, null);
    }

    private static async Task<ShadowFindings> TryAsync(
        RehearsalBench bench,
        Func<CancellationToken, Task<PostgresSession>>? contents,
        string role = "postgres"
    )
    {
        Task<PostgresSession> OpenAsync(CancellationToken token) =>
            PostgresSession.OpenAsync(bench.Database.TargetAs(role), "test", token);
        var change = bench.Change();
        await using var session = await OpenAsync(default);
        var there = await ClosureCapture.CaptureAsync(
            session,
            change.Section<Tidelock.Migrations.Migration>().Relation!,
            default
        );
        var ground = new ShadowGround(
            change,
            there.ClosureOrNull,
            OpenAsync,
            contents ?? OpenAsync,
            TimeProvider.System,
            static _ => { }
        );
        return (await ShadowComparison.RunAsync(ground, default))!;
    }
}
