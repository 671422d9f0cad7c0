using Tidelock.Texts;

namespace Tidelock.Tests;

public sealed class SecretsTests
{
    [Theory]
    [InlineData("s3cret/of:all", "the server said s3cret/of:all to me", "the server said *** to me")]
    [InlineData("s3cret/of:all", "x=s3cret%2Fof%3Aall&y=s3cret%2fof%3aall", "x=***&y=***")]
    [InlineData("""a"quote""", """{"text":"a\"quote"}""", """{"text":"***"}""")]
    [InlineData("o'brien's pw", """psql 'user=me pw=o\'brien\'s pw'""", "psql 'user=me pw=***'")]
    [InlineData("longer-than-8", "itislonger-than-8here", "itis***here")]
    public void A_known_password_is_hidden_in_every_form_it_is_written_in(string password, string text, string expected)
    {
        var secrets = new Secrets();
        secrets.Add(password);
        Assert.Equal(expected, secrets.Scrub(text));
    }

    [Fact]
    public void A_short_password_is_hidden_where_it_stands_alone_and_not_within_words()
    {
        var secrets = new Secrets();
        secrets.Add("pass");
        Assert.Equal("passed, not '***' or :***@", secrets.Scrub("passed, not 'pass' or :pass@"));
    }

    [Theory]
    [InlineData("*", "a * b", "a *** b")]
    [InlineData("**", "**", "***")]
    [InlineData("***", "*** and ***", "*** and ***")]
    public void A_password_of_stars_is_hidden_like_any_other(string password, string text, string expected)
    {
        var secrets = new Secrets();
        secrets.Add(password);
        Assert.Equal(expected, secrets.Scrub(text));
    }

    [Fact]
    public void A_password_that_is_the_users_name_is_hidden_only_where_passwords_stand()
    {
        var secrets = new Secrets();
        secrets.Add("seedtest", "seedtest", "exams");
        Assert.Equal(
            "role seedtest in postgresql://seedtest:***@db/exams",
            secrets.Scrub("role seedtest in postgresql://seedtest:seedtest@db/exams")
        );
    }

    [Theory]
    [InlineData("postgresql://me:hunter2@db:5432/x is down", "postgresql://me:***@db:5432/x is down")]
    [InlineData("https://me:hunter2@api/healthz?password=hunter2&a=b", "https://me:***@api/healthz?password=***&a=b")]
    [InlineData("host=db password=hunter2 user=me", "host=db password=*** user=me")]
    [InlineData("host=db Password = 'hunter 2' user=me", "host=db Password = *** user=me")]
    [InlineData("host=db password = hunter2 user=me", "host=db password = *** user=me")]
    [InlineData("host=db password= hunter2", "host=db password= ***")]
    [InlineData("postgresql://me:hun'ter\"2@db/x", "postgresql://me:***@db/x")]
    [InlineData("PGPASSWORD=hunter2 psql", "PGPASSWORD=*** psql")]
    [InlineData("alter role me password 'hunter''2' login", "alter role me password *** login")]
    public void What_stands_where_connection_strings_have_their_password_is_hidden_unknown_as_it_is(
        string text,
        string expected
    )
    {
        Assert.Equal(expected, new Secrets().Scrub(text));
        Assert.True(Secrets.AreWrittenIn(text));
    }

    [Theory]
    [InlineData("postgresql://${USER}:${PASSWORD}@db/x")]
    [InlineData("postgresql://me@db:5432/x?sslmode=require")]
    [InlineData("host=db password=${PASSWORD}")]
    [InlineData("host=db password = ${PASSWORD}")]
    [InlineData("${DATABASE_URL}")]
    [InlineData("password authentication failed for user \"me\"")]
    [InlineData("/var/lib/journal@2.db")]
    public void A_variable_in_its_place_and_everything_else_stays(string text)
    {
        Assert.Equal(text, new Secrets().Scrub(text));
        Assert.False(Secrets.AreWrittenIn(text));
    }

    [Fact]
    public void No_message_carries_the_password_of_an_address()
    {
        var words = "connecting to postgresql://me:hunter2@db/x";
        var message = Message.Of("programs.failed", ("program", "pytest"), ("exit", 1), ("words", words));
        Assert.DoesNotContain("hunter2", message.Arguments["words"], StringComparison.Ordinal);
    }
}
