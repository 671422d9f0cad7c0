using Tidelock.Changes;
using Tidelock.Migrations.Statements;

namespace Tidelock.Tests.Migrations;

public sealed class StatementFileTests
{
    [Theory]
    [InlineData("select 1; select 2", "select 1|select 2")]
    [InlineData(";; select 1 ;; ", "select 1")]
    [InlineData("select ';'; select 2", "select ';'|select 2")]
    [InlineData("select 'it''s; '; select 2", "select 'it''s; '|select 2")]
    [InlineData("select 'a\\'; select 2", "select 'a\\'|select 2")]
    [InlineData("select E'a\\'; b'; select 2", "select E'a\\'; b'|select 2")]
    [InlineData("select e'a'\n  '\\'; b'; select 2", "select e'a'\n  '\\'; b'|select 2")]
    [InlineData("select U&'\\0041;'; select 2", "select U&'\\0041;'|select 2")]
    [InlineData("select \"a;\"\"b;\" from t; select 2", "select \"a;\"\"b;\" from t|select 2")]
    [InlineData("do $$ begin; end $$; select 2", "do $$ begin; end $$|select 2")]
    [InlineData("do $a$ $$;$$ ; $b$ $a$; select 2", "do $a$ $$;$$ ; $b$ $a$|select 2")]
    [InlineData("select a$b$ from t; select $1; select 2", "select a$b$ from t|select $1|select 2")]
    [InlineData("-- one; two\nselect 1 -- three;\n; select 2", "select 1|select 2")]
    [InlineData("/* a; /* b; */ c; */ select 1; select /* ; */ 2", "select 1|select /* ; */ 2")]
    [InlineData(
        "create rule r as on insert to t do (delete from a; delete from b); select 2",
        "create rule r as on insert to t do (delete from a; delete from b)|select 2"
    )]
    [InlineData(
        "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
        "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end|select 3"
    )]
    [InlineData("select '한글; 열'; select 학교.이름 from 학교", "select '한글; 열'|select 학교.이름 from 학교")]
    public void A_file_is_split_where_psql_splits_it(string sql, string expected) =>
        Assert.Equal(expected.Split('|'), Read(sql).Statements.Select(s => s.Text));

    [Fact]
    public void A_statement_knows_its_line_and_shows_no_string()
    {
        var statement = Read("\n-- first\nselect 1;\n\n  alter role app\n   password 'secret'; select 3").Statements[1];
        Assert.Equal((5, "alter role app password …"), (statement.Line, statement.Shown));
    }

    [Theory]
    [InlineData("select 'a", "migrations.statements.unended")]
    [InlineData("select 1; /* a /* b */", "migrations.statements.unended")]
    [InlineData("do $x$ begin $$", "migrations.statements.unended")]
    [InlineData(" -- nothing\n", "migrations.statements.none")]
    [InlineData("begin; select 1", "migrations.statements.control")]
    [InlineData("select 1; COMMIT", "migrations.statements.control")]
    [InlineData("start transaction", "migrations.statements.control")]
    [InlineData("savepoint a", "migrations.statements.control")]
    [InlineData("set local search_path = a", "migrations.statements.set-local")]
    [InlineData("SET lock_timeout = '5s'", "migrations.statements.lock-timeout")]
    [InlineData("alter system set work_mem = '1GB'", "migrations.statements.alter-system")]
    [InlineData("copy t from stdin", "migrations.statements.copy")]
    [InlineData("\\i other.sql", "migrations.statements.meta-command")]
    [InlineData("reindex database concurrently app", "migrations.statements.reindex-all")]
    [InlineData("create index concurrently on t (a)", "migrations.statements.unnamed-index")]
    [InlineData("set session \"Application_Name\" = 'a'", "migrations.statements.own-setting")]
    [InlineData("SET synchronous_commit TO on", "migrations.statements.own-setting")]
    [InlineData("reset synchronous_commit", "migrations.statements.own-setting")]
    [InlineData("reset all", "migrations.statements.own-setting")]
    [InlineData("discard all", "migrations.statements.own-setting")]
    [InlineData("select pg_catalog.set_config('work_mem', '1MB', false)", "migrations.statements.own-setting")]
    public void What_cannot_be_run_statement_by_statement_is_said_at_reading(string sql, string code) =>
        Assert.Equal(code, Assert.Single(Read(sql).Mistakes()).Code);

    [Theory]
    [InlineData("create index concurrently a on t (a)", true)]
    [InlineData("select 1; CREATE UNIQUE INDEX CONCURRENTLY a ON t (a)", true)]
    [InlineData("drop index concurrently a", true)]
    [InlineData("reindex (concurrently) table a", true)]
    [InlineData("reindex (verbose, concurrently off) table a", false)]
    [InlineData("vacuum", true)]
    [InlineData("create index \"concurrently\" on t (a)", false)]
    [InlineData("refresh materialized view concurrently a", false)]
    [InlineData("do $$ begin perform 'vacuum'; end $$; alter type a add value 'b'", false)]
    public void What_cannot_run_in_a_transaction_is_known_at_reading(string sql, bool needs) =>
        Assert.Equal(needs, StatementRules.NeedsNone(Read(sql)) is not null);

    private static StatementFile Read(string sql) => StatementFile.Read(new ChangeFile("up.sql", sql));
}
