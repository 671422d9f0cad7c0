namespace Tidelock.Postgres.Tests;

public sealed class IdentifierTests
{
    [Fact]
    public void Quotes_inside_an_identifier_are_doubled() => Assert.Equal("\"a\"\"b\"", Identifiers.Quote("a\"b"));
}
