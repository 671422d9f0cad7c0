using Tidelock.Changes;
using Tidelock.Migrations.Alembic;
using Tidelock.Migrations.Commands;
using Tidelock.Migrations.Statements;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>Reads <c>migration:</c>: one of <c>view</c>, <c>sql</c>, <c>alembic</c> and <c>command</c>, the way down, and the lock budget.</summary>
internal sealed class MigrationSection : IChangeSection
{
    private static readonly ChangeFile NoFile = new("", "");
    private static readonly TimeSpan LongestHeld = TimeSpan.FromHours(1);

    public string Key => "migration";

    public string SchemaFragment => SchemaFragments.Beside<MigrationSection>("migration");

    public bool PerEnvironment => false;

    public object Read(ChangeNode node, SectionReadings earlier)
    {
        if (!node.Require() || !node.Only("view", "sql", "alembic", "command", "down", "drops", "locks").IsMapping)
        {
            return new SqlMigration(NoFile, null, LockBudget.Default);
        }

        var locks = ReadLocks(node["locks"]);
        if (new[] { "view", "sql", "alembic", "command" }.Count(k => node[k].Exists) != 1)
        {
            node.Mistake(Message.Of("migrations.one-kind"));
        }

        if (node["view"].Exists)
        {
            if (node["drops"].Exists)
            {
                node.MistakeAtKey("drops", Message.Of("migrations.drops-place"));
            }

            return ReadView(node["view"], locks) with
            {
                Down = ReadTransactional(node["down"]),
            };
        }

        if (node["down"].Exists)
        {
            node.MistakeAtKey("down", Message.Of("migrations.down-place"));
        }

        Migration migration =
            node["alembic"].Exists ? AlembicMigration.Read(node["alembic"], locks)
            : node["command"].Exists ? CommandMigration.Read(node["command"], locks)
            : ReadSql(node["sql"], locks);
        return node["drops"].Exists ? migration with { Drops = ReadDrops(node["drops"]) } : migration;
    }

    private static List<string> ReadDrops(ChangeNode node)
    {
        var items = node.Items;
        if (node.IsList && items.Count == 0)
        {
            node.Mistake(Message.Of("migrations.drops-empty"));
        }

        return [.. items.Select(i => i.Text())];
    }

    private static ViewMigration ReadView(ChangeNode node, LockBudget locks)
    {
        node.Only("name", "definition", "dependents");
        node["name"].Require();
        node["definition"].Require();
        var definition = node["definition"].File();
        if (definition is not null && !ViewDefinition.IsQuery(definition.Text))
        {
            node["definition"].Mistake(Message.Of("migrations.view.not-a-query", ("file", definition.Path)));
        }

        return new ViewMigration(
            node["name"].Relation() ?? new("", ""),
            definition is null ? NoFile : definition with { Text = ViewDefinition.WithoutSemicolon(definition.Text) },
            node["dependents"]
                .Word(
                    DependentsPolicy.Preserve,
                    ("preserve", DependentsPolicy.Preserve),
                    ("refuse", DependentsPolicy.Refuse)
                ),
            locks
        );
    }

    private static Migration ReadSql(ChangeNode node, LockBudget locks)
    {
        if (!node.Exists)
        {
            return new SqlMigration(NoFile, null, locks);
        }

        node.Only("up", "down", "transaction");
        node["up"].Require();
        return node["transaction"].Word(false, ("one", false), ("none", true))
            ? new StatementsMigration(ReadStatements(node["up"]) ?? NoFile, ReadStatements(node["down"]), locks)
            : new SqlMigration(ReadTransactional(node["up"]) ?? NoFile, ReadTransactional(node["down"]), locks);
    }

    private static ChangeFile? ReadStatements(ChangeNode node)
    {
        var file = node.File();
        foreach (var mistake in file is null ? [] : StatementFile.Read(file).Mistakes())
        {
            node.Mistake(mistake);
        }

        return file;
    }

    private static ChangeFile? ReadTransactional(ChangeNode node)
    {
        var file = node.File();
        if (file is not null && StatementRules.NeedsNone(StatementFile.Read(file)) is { } statement)
        {
            node.Mistake(statement.Mistake("migrations.sql.needs-none"));
        }

        return file;
    }

    private static LockBudget ReadLocks(ChangeNode node)
    {
        var standard = LockBudget.Default;
        if (!node.Exists || !node.Only("try", "total", "tries", "held", "blockers").IsMapping)
        {
            return standard;
        }

        var budget = new LockBudget(
            node["try"].Duration(standard.Try, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1)),
            node["total"].Duration(standard.Total, TimeSpan.FromMilliseconds(1), TimeSpan.FromHours(24)),
            node["tries"].Integer(standard.Tries, 1, 100_000)
        )
        {
            Held = node["held"].Exists
                ? node["held"].Duration(LongestHeld, TimeSpan.FromMilliseconds(10), LongestHeld)
                : null,
            Blockers = node["blockers"].Exists ? BlockerPolicy.Read(node["blockers"]) : BlockerPolicy.Wait,
        };
        if (budget.Try > budget.Total)
        {
            node.Mistake(Message.Of("migrations.locks.order", ("try", budget.Try), ("total", budget.Total)));
        }

        if (budget.Held < budget.Try)
        {
            node["held"].Mistake(Message.Of("migrations.locks.held", ("held", budget.Held), ("try", budget.Try)));
        }

        return budget;
    }
}
