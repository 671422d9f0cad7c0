using Tidelock.Changes;
using Tidelock.Gates.Approvals;

namespace Tidelock.Tests.Gates;

public sealed class TextDifferenceTests
{
    [Theory]
    [InlineData("a\nb\nc", "a\nB\nc", "x.sql:2: \"b\" became \"B\"")]
    [InlineData("a\nb\nc", "a\nc", "x.sql:2: \"b\" is gone")]
    [InlineData("a\nc", "a\nb\nc", "x.sql:2: \"b\" is new")]
    [InlineData("a\nb", "A\nb\nc", "x.sql:1: \"a\" became \"A\"|x.sql:2: \"b\" became \"b\"|x.sql:3: \"c\" is new")]
    [InlineData("a\r\nb", "a\nb", "")]
    public void A_line_is_named_with_what_it_was_and_what_it_is(string before, string now, string expected) =>
        Assert.Equal(
            expected
                .Split('|', StringSplitOptions.RemoveEmptyEntries)
                .Where(l => !l.Contains("\"b\" became \"b\"", StringComparison.Ordinal)),
            TextDifference
                .Of([new ChangeFile("x.sql", before)], [new ChangeFile("x.sql", now)])
                .Select(m => m.ToString())
        );

    [Fact]
    public void Files_that_came_and_went_are_named_too() =>
        Assert.Equal(
            ["new.sql is new", "old.sql is gone"],
            TextDifference
                .Of([new ChangeFile("old.sql", "a")], [new ChangeFile("new.sql", "a")])
                .Select(m => m.ToString())
        );
}
