using Tidelock.Postgres;

namespace Tidelock.Tests.Postgres;

public sealed class RelationNameTests
{
    [Theory]
    [InlineData("attempt", "public", "attempt")]
    [InlineData("Reporting.Attempt", "reporting", "attempt")]
    [InlineData("\"Reporting\".\"Attempt\"", "Reporting", "Attempt")]
    [InlineData("\"a \"\"b\"\" c\".d", "a \"b\" c", "d")]
    [InlineData("\"a.b\".\"c.d\"", "a.b", "c.d")]
    [InlineData("응시.결과", "응시", "결과")]
    [InlineData("_x$1", "public", "_x$1")]
    public void A_name_is_read_as_PostgreSQL_reads_it(string text, string schema, string name) =>
        Assert.Equal(new RelationName(schema, name), RelationName.TryParse(text));

    [Theory]
    [InlineData("")]
    [InlineData("a.b.c")]
    [InlineData("a b")]
    [InlineData("1a")]
    [InlineData("a.")]
    [InlineData(".a")]
    [InlineData("\"a")]
    [InlineData("\"\"")]
    [InlineData("a;drop table b")]
    [InlineData("$a")]
    public void What_is_not_one_name_is_refused(string text) => Assert.Null(RelationName.TryParse(text));

    [Theory]
    [InlineData("public", "attempt", "public.attempt")]
    [InlineData("public", "Attempt", "public.\"Attempt\"")]
    [InlineData("my schema", "a\"b", "\"my schema\".\"a\"\"b\"")]
    [InlineData("응시", "결과", "응시.결과")]
    [InlineData("public", "1a", "public.\"1a\"")]
    public void A_name_is_shown_quoted_only_where_it_must_be_and_reads_back(string schema, string name, string shown)
    {
        var relation = new RelationName(schema, name);
        Assert.Equal(shown, relation.ToString());
        Assert.Equal(relation, RelationName.TryParse(shown));
    }
}
