using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Relations;

namespace Tidelock.Tests.Rehearsals;

public sealed class CandidateTextTests
{
    private static readonly CandidateText Text = new(
        new RelationName("public", "attempt"),
        "select 1 as id",
        [
            Dependent("public", "daily", "select a.id from public.attempt a"),
            Dependent("kpi", "Wöche", "select d.id from public.daily d join other.attempt o on o.id = d.id"),
        ]
    );

    [Theory]
    [InlineData("select 'public.attempt' from t -- attempt")]
    [InlineData("select other.attempt.id from other.attempt")]
    [InlineData("select public.attempt(1), x::public.attempt from t")]
    public void A_query_that_reads_neither_the_view_nor_a_dependent_is_left_alone(string sql) =>
        Assert.Null(Text.Inline(sql));

    [Theory]
    [InlineData("select public.attempt.id from Public.\"attempt\"", "select \"attempt\".id from \"attempt\"", false)]
    [InlineData("select attempt.id from ATTEMPT", "select attempt.id from ATTEMPT", true)]
    public void The_view_is_read_from_the_definition_before_the_query(string sql, string inlined, bool isUnqualified)
    {
        var query = Text.Inline(sql)!;
        Assert.Equal(
            $"with \"attempt\" as not materialized (\nselect 1 as id\n)\nselect * from (\n{inlined}\n) tidelock_query",
            query.Sql
        );
        Assert.Equal(isUnqualified, query.Unqualified.Count == 1);
        Assert.Empty(query.Through);
    }

    [Fact]
    public void A_dependent_of_a_dependent_brings_all_that_it_reads_in_order()
    {
        var query = Text.Inline("select * from kpi.\"Wöche\"")!;
        Assert.Equal(
            """
            with "attempt" as not materialized (
            select 1 as id
            ),
            "daily" as not materialized (
            select a.id from "attempt" a
            ),
            "Wöche" as not materialized (
            select d.id from "daily" d join other.attempt o on o.id = d.id
            )
            select * from (
            select * from "Wöche"
            ) tidelock_query
            """,
            query.Sql
        );
        Assert.Equal(["public.daily", "kpi.Wöche"], query.Through.Select(r => $"{r.Schema}.{r.Name}"));
    }

    [Fact]
    public void What_PostgreSQL_wrote_names_relations_with_their_schema_only() =>
        Assert.Null(Text.Inline("select attempt.id from other.attempt attempt", isDeparsed: true));

    private static CapturedRelation Dependent(string schema, string name, string definition) =>
        new(
            new RelationName(schema, name),
            RelationKind.View,
            "owner",
            definition,
            [],
            [],
            null,
            null,
            [],
            [],
            [],
            false,
            null,
            null,
            []
        );
}
