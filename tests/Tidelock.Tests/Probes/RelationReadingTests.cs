using Tidelock.Postgres;
using Tidelock.Probes.Postgres;

namespace Tidelock.Tests.Probes;

public sealed class RelationReadingTests
{
    private static readonly RelationName Attempt = new("public", "attempt");

    [Theory]
    [InlineData("select * from attempt")]
    [InlineData("SELECT a.id FROM Attempt a WHERE a.id = $1")]
    [InlineData("select * from public.attempt order by completed_at desc limit $1")]
    [InlineData("select * from \"public\".\"attempt\"")]
    [InlineData("select * from \"attempt\" as a")]
    [InlineData("select count(*) from results r join only attempt a on a.id = r.id")]
    [InlineData("select * from results, attempt where $1 = $2")]
    [InlineData("select * from a join b on a.x = b.x, attempt")]
    [InlineData("select (select max(id) from attempt) from other")]
    [InlineData("select * from (select x from b where y = $1) s, attempt")]
    [InlineData("with recent as (select * from attempt) select * from recent")]
    [InlineData("(select id from attempt) union select id from other")]
    [InlineData("select * from (attempt a join other o using (id))")]
    [InlineData("table attempt")]
    [InlineData("select * from lateral (select $1) x, public . attempt")]
    [InlineData("/* it's the weekly report */ select $$from$$ from attempt -- done")]
    public void A_query_of_the_relation_is_one(string statement) =>
        Assert.True(RelationReading.IsIn(statement, Attempt));

    [Theory]
    [InlineData("select * from attempts")]
    [InlineData("select * from my_attempt")]
    [InlineData("select attempt from results")]
    [InlineData("select id, attempt from results where attempt > $1")]
    [InlineData("select * from results attempt")]
    [InlineData("select attempt.id from results as attempt")]
    [InlineData("select * from archive.attempt")]
    [InlineData("select * from \"Attempt\"")]
    [InlineData("select * from attempt.results")]
    [InlineData("select 'from attempt' from results")]
    [InlineData("select 1 -- from attempt")]
    [InlineData("select /* from attempt */ 1")]
    [InlineData("insert into attempt values ($1)")]
    [InlineData("delete from attempt")]
    [InlineData("create view v as select * from attempt")]
    [InlineData("select * from results where a is distinct from attempt")]
    [InlineData("")]
    public void Everything_else_is_none(string statement) => Assert.False(RelationReading.IsIn(statement, Attempt));

    [Fact]
    public void Names_with_quotes_capitals_and_other_letters_are_found()
    {
        Assert.True(RelationReading.IsIn("select * from \"응시 \"\"기록\"", new RelationName("public", "응시 \"기록")));
        Assert.True(RelationReading.IsIn("select * from 응시", new RelationName("public", "응시")));
        Assert.True(RelationReading.IsIn("select * from \"S\".\"Attempt\"", new RelationName("S", "Attempt")));
    }
}
