using Tidelock.Migrations;
using Tidelock.Migrations.Alembic;
using Tidelock.Migrations.Commands;
using Tidelock.Postgres;

namespace Tidelock.Tests.Migrations;

public sealed class ToolRecordTests
{
    private static readonly LockBudget Budget = new(TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(1), 1);

    [Theory]
    [InlineData("sqitch", "events", true)]
    [InlineData("public", "History", true)]
    [InlineData("public", "history", false)]
    [InlineData("other", "History", false)]
    public void A_schema_or_a_table_that_the_change_names_is_the_tools_record(string schema, string name, bool expected)
    {
        IReadOnlyList<string> records = [Identifiers.Quote("sqitch") + ".*", new RelationName("public", "History").Sql];
        var migration = new CommandMigration(null!, "", records, Budget);
        Assert.Equal(expected, migration.IsRecord(new RelationName(schema, name)));
    }

    [Fact]
    public void Alembics_is_known_by_its_name()
    {
        var migration = new AlembicMigration(null!, "", Budget);
        Assert.True(migration.IsRecord(new RelationName("public", "alembic_version")));
        Assert.False(migration.IsRecord(new RelationName("public", "orders")));
    }
}
