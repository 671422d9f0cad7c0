namespace Tidelock.Crash.Tests;

/// <summary>A change of one kind, and how often the database has it.</summary>
/// <param name="Migration">Its section of the change file.</param>
/// <param name="Columns">Of the contract.</param>
/// <param name="InPlace">Counts its effects.</param>
internal sealed record KindOfChange(string Migration, string Columns, string InPlace)
{
    private const string Old =
        "{ name: score, type: numeric }, { name: id, type: integer }, { name: name, type: text }";
    private const string View =
        "create or replace view public.scores as select score, id, name, id * 2 as twice from public.results;";
    private const string Views = "select count(distinct transaction) from audit.made where name = 'public.scores'";

    public static readonly KindOfChange Sql = new(
        "sql: { up: up.sql, down: down.sql }",
        Old + ", { name: twice, type: integer }",
        Views
    );

    public static readonly KindOfChange Statements = new(
        "sql: { up: statements.sql, down: back.sql, transaction: none }",
        Old,
        "select count(*) from pg_index where indexrelid = to_regclass('public.by_name') and indisvalid"
    );

    /// <summary>psql as a tool, with a record of its own.</summary>
    public static readonly KindOfChange Command = new(
        """
        command:
            directory: tool
            up: [psql, -X, -q, "-1", -v, ON_ERROR_STOP=1, -f, up.sql]
            down: [psql, -X, -q, "-1", -v, ON_ERROR_STOP=1, -f, down.sql]
            status: [psql, -XAtq, -c, "select version from public.versions"]
            to: two
            records: [public.versions]
        """,
        Old + ", { name: twice, type: integer }",
        Views + " and (select version from public.versions) = 'two'"
    );

    /// <summary>The real Alembic: its upgrade asks for an advisory lock behind its DDL.</summary>
    public static readonly KindOfChange Alembic = new(
        "alembic: { directory: tool, upgrade: head, python: /usr/bin/python3 }\n  locks: { try: 40s, total: 60s }",
        Old + ", { name: twice, type: integer }",
        Views + " and (select version_num from public.alembic_version) = 'two'"
    );

    public async Task WriteAsync(CrashBench bench, string watch)
    {
        await bench.Database.ExecuteAsync(
            """
            create table public.versions as select text 'one' as version;
            create table public.alembic_version as select varchar(32) 'one' as version_num
            """
        );
        var tool = Path.Combine(bench.ChangeFolder, "tool");
        Directory.CreateDirectory(tool);
        await File.WriteAllTextAsync(
            Path.Combine(tool, "up.sql"),
            View + "update public.versions set version = 'two';"
        );
        await File.WriteAllTextAsync(Path.Combine(tool, "down.sql"), "update public.versions set version = 'one';");
        await File.WriteAllTextAsync(Path.Combine(tool, "alembic.ini"), "[alembic]\nscript_location = %(here)s\n");
        await File.WriteAllTextAsync(Path.Combine(tool, "env.py"), Environment);
        Directory.CreateDirectory(Path.Combine(tool, "versions"));
        await File.WriteAllTextAsync(Path.Combine(tool, "versions", "one.py"), Revision("one", "None", "pass"));
        await File.WriteAllTextAsync(
            Path.Combine(tool, "versions", "two.py"),
            Revision("two", "'one'", $"op.execute(\"{View} select pg_advisory_xact_lock(7)\")")
        );
        await File.WriteAllTextAsync(Path.Combine(bench.ChangeFolder, "up.sql"), View);
        await File.WriteAllTextAsync(
            Path.Combine(bench.ChangeFolder, "statements.sql"),
            "create index concurrently by_name on public.results (name);"
        );
        await File.WriteAllTextAsync(
            Path.Combine(bench.ChangeFolder, "back.sql"),
            "drop index concurrently if exists public.by_name;"
        );
        await File.WriteAllTextAsync(
            Path.Combine(bench.ChangeFolder, "change.yaml"),
            $$"""
            change: scores
            migration:
              {{Migration}}
            contract:
              relation: public.scores
              columns: [{{Columns}}]
            gates: { backup: { rehearse: false, folder: ../backups }, rollbackPlan: off }
            watch: { for: {{watch}}, every: 100ms }
            environments:
              production: { database: "${DATABASE_URL}" }
            """
        );
    }

    private static string Revision(string id, string before, string upgrade) =>
        $"""
            from alembic import op
            revision = '{id}'
            down_revision = {before}
            def upgrade():
                {upgrade}
            def downgrade():
                pass
            """;

    private const string Environment = """
        import os, sqlalchemy
        from alembic import context
        engine = sqlalchemy.create_engine(os.environ["DATABASE_URL"], poolclass=sqlalchemy.pool.NullPool)
        with engine.connect() as connection:
            context.configure(connection=connection)
            with context.begin_transaction():
                context.run_migrations()
        """;
}
