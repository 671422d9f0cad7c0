using Tidelock.Postgres;

namespace Tidelock.Tests.Postgres;

public sealed class ConnectionStringTests : IDisposable
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("tl-home-");

    [Theory]
    [InlineData("postgresql://u:p@h:6432/d", "h:6432", "d", "u", "p")]
    [InlineData("postgres://u@h", "h:5432", "u", "u", null)]
    [InlineData("postgresql:///d?host=/var/run/x&port=6000&user=u", "/var/run/x:6000", "d", "u", null)]
    [InlineData("postgresql://%2Fvar%2Frun%2Fx/d?user=u", "/var/run/x:5432", "d", "u", null)]
    [InlineData("postgresql://u:p%40ss%2Fw%3Ard@h/d%20b", "h:5432", "d b", "u", "p@ss/w:rd")]
    [InlineData("postgresql://u:a?b#c@h/d", "h:5432", "d", "u", "a?b#c")]
    [InlineData("postgresql://u:a:b@h/d", "h:5432", "d", "u", "a:b")]
    [InlineData("postgresql://us%C3%A9r@h/%ED%95%9C", "h:5432", "한", "usér", null)]
    [InlineData("postgresql://usér@h/한", "h:5432", "한", "usér", null)]
    [InlineData("postgresql://u@[2001:db8::1]:7/d", "[2001:db8::1]:7", "d", "u", null)]
    [InlineData("postgresql://u@h1:1,h2:2/d", "h1:1, h2:2", "d", "u", null)]
    [InlineData("postgresql://u@h1,h2/d?port=9", "h1:9, h2:9", "d", "u", null)]
    [InlineData("postgresql://h/d?user=a@b&password=x", "h:5432", "d", "a@b", "x")]
    [InlineData("host=h port=1 dbname=d user=u password=p", "h:1", "d", "u", "p")]
    [InlineData("host = 'h'  dbname= 'd b' user ='o\\'b\\\\n' password=''", "h:5432", "d b", "o'b\\n", null)]
    [InlineData("host=h user=u password=a\\ b\\'c dbname=x=y", "h:5432", "x=y", "u", "a b'c")]
    [InlineData("host=h1,h2 port=1,2 user=u", "h1:1, h2:2", "u", "u", null)]
    [InlineData("hostaddr=10.0.0.1 user=u dbname=d", "10.0.0.1:5432", "d", "u", null)]
    public void A_connection_string_is_read_as_libpq_reads_it(
        string text,
        string servers,
        string database,
        string user,
        string? password
    )
    {
        var target = Parse(text);
        Assert.Equal($"{database} at {servers}", target.ToString());
        Assert.Equal(user, target.User);
        Assert.Equal(password, target.LibpqEnvironment("a")["PGPASSWORD"]);
    }

    [Theory]
    [InlineData("s3cret", "not-a-connection-string")]
    [InlineData("", "not-a-connection-string")]
    [InlineData("mysql://u:s3cret@h/d", "not-a-connection-string")]
    [InlineData("host=h password=x s3cret", "not-a-connection-string")]
    [InlineData("host=h password='s3cret", "unterminated-quote")]
    [InlineData("password=x s3cret=y", "unknown-parameter-unnamed")]
    [InlineData("host=h colour=red", "unknown-parameter")]
    [InlineData("host=h sslmod=require", "misspelt-parameter")]
    [InlineData("postgresql://u:x/s3cret@h/d", "stray-at")]
    [InlineData("postgresql://u:123/s3cret@h/d", "stray-at")]
    [InlineData("postgresql://u:x@s3cret@h/d", "stray-at")]
    [InlineData("postgresql://u:x@y?s3cret@h/d", "bad-query")]
    [InlineData("postgresql://u:x@y?s3cret=@h/d", "unknown-parameter-unnamed")]
    [InlineData("postgresql://u:s3cret%zz@h/d", "bad-percent")]
    [InlineData("postgresql://u:s3cret%00@h/d", "bad-percent")]
    [InlineData("postgresql://u:s3cret%ff@h/d", "bad-percent")]
    [InlineData("postgresql://u:s3cret@[::1/d", "bad-ipv6")]
    [InlineData("postgresql://u:s3cret@h:x/d", "bad-port")]
    [InlineData("postgresql://u:s3cret@h:70000/d", "bad-port")]
    [InlineData("postgresql://u:s3cret@h1,h2/d?port=1,2,3", "host-count")]
    [InlineData("postgresql://u:s3cret@h/d?sslmode=maybe", "bad-value")]
    [InlineData("postgresql://u:s3cret@h/d?connect_timeout=soon", "bad-timeout")]
    [InlineData("postgresql://u:s3cret@h/d?sslrootcert=/none.crt", "no-file")]
    [InlineData("postgresql://u:s3cret@h/d?sslmode=verify-full", "no-root-certificate")]
    [InlineData(
        "postgresql://u:s3cret@h/d?hostaddr=::1&sslmode=verify-full&sslrootcert=system",
        "unverifiable-address"
    )]
    [InlineData("postgresql://u:s3cret@h/d?service=nowhere", "no-service")]
    [InlineData("postgresql://u:s3cret@h/d?sslcrl=/x", "unsupported-parameter")]
    public void A_mistake_is_named_and_never_repeats_the_password(string text, string code)
    {
        var e = Assert.Throws<TidelockException>(() => Parse(text));
        Assert.Equal("postgres.target." + code, e.Problem.Code);
        Assert.Equal(ExitCode.Mistake, e.ExitCode);
        Assert.DoesNotContain("s3cret", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistyped_parameter_is_named_with_what_was_probably_meant() =>
        Assert.Contains(
            "\"sslmod\". Did you mean \"sslmode\"?",
            Assert.Throws<TidelockException>(() => Parse("host=h sslmod=require")).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void PG_variables_fill_what_the_text_leaves_open()
    {
        var target = Parse("dbname=d", ("PGHOST", "vh"), ("PGPORT", "77"), ("PGUSER", "vu"), ("PGDATABASE", "no"));
        Assert.Equal("d at vh:77", target.ToString());
        Assert.Equal("vu", target.User);
        Assert.Equal("secret", Parse("host=h", ("PGPASSWORD", "secret")).LibpqEnvironment("a")["PGPASSWORD"]);
    }

    [Fact]
    public void A_service_fills_before_the_variables_do()
    {
        Write(
            ".pg_service.conf",
            "# ours\n[other]\nhost=no\n[prod]\nhost=sh\ndbname=sd\nhost=second\n[last]\nport=1\n"
        );
        var target = Parse("service=prod user=u", ("PGHOST", "vh"), ("PGPORT", "9"));
        Assert.Equal("sd at sh:9", target.ToString());
        Assert.Equal("sd at sh:5432", Parse("user=u", ("PGSERVICE", "prod")).ToString());
        Assert.Null(target.LibpqEnvironment("a")["PGSERVICE"]);
    }

    [Theory]
    [InlineData("[s]\nnonsense\n")]
    [InlineData("[s]\ncolour=red\n")]
    [InlineData("[s]\nservice=t\n")]
    public void A_service_file_with_a_mistake_is_named_with_its_line(string text)
    {
        Write(".pg_service.conf", text);
        var e = Assert.Throws<TidelockException>(() => Parse("service=s"));
        Assert.Equal("postgres.target.service-line", e.Problem.Code);
        Assert.Equal("2", e.Problem.Arguments["line"]);
    }

    [Theory]
    [InlineData("h:5432:d:u:right", "right")]
    [InlineData("# h:5432:d:u:comment\n\nother:*:*:*:no\n*:*:*:u:right\n*:*:*:*:late", "right")]
    [InlineData("h:5432:d:u:with\\:colon:and\\\\back", "with:colon:and\\back")]
    [InlineData("h:5432:d:v:no", null)]
    [InlineData("h:5432:d", null)]
    [InlineData("\\*:*:*:*:no", null)]
    public void The_password_file_gives_the_first_match(string text, string? password)
    {
        Write(".pgpass", text);
        Assert.Equal(password, Parse("host=h dbname=d user=u").LibpqEnvironment("a")["PGPASSWORD"]);
    }

    [Fact]
    public void The_password_file_is_looked_up_again_for_another_database()
    {
        Write(".pgpass", "*:*:d:*:one\n*:*:e:*:two");
        var target = Parse("host=h dbname=d user=u");
        Assert.Equal("one", target.LibpqEnvironment("a")["PGPASSWORD"]);
        Assert.Equal("two", target.WithDatabase("e").LibpqEnvironment("a")["PGPASSWORD"]);
        Assert.Equal("given", Parse("host=h dbname=d password=given").LibpqEnvironment("a")["PGPASSWORD"]);
    }

    [Fact]
    public void A_password_file_that_others_can_read_is_not_read()
    {
        Write(".pgpass", "*:*:*:*:open");
        File.SetUnixFileMode(Path.Combine(home.FullName, ".pgpass"), (UnixFileMode)0b110_100_100);
        Assert.Null(Parse("host=h user=u").LibpqEnvironment("a")["PGPASSWORD"]);
    }

    [Fact]
    public void The_password_reaches_Npgsql_and_the_childs_environment_and_nothing_that_people_see()
    {
        var target = Parse("postgresql://u:s3cret@h/d");
        Assert.Contains("s3cret", target.NpgsqlConnectionString("a"), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", target.ToString() + target.DatabaseArgument, StringComparison.Ordinal);
    }

    [Fact]
    public void A_child_gets_our_application_name_and_none_of_the_variables_we_were_started_with()
    {
        var environment = Parse("host=h user=u application_name=theirs", ("PGSSLCERT", ""), ("PGAPPNAME", "x"))
            .LibpqEnvironment("tidelock/R/1", "-c lock_timeout=50");
        Assert.Equal("tidelock/R/1", environment["PGAPPNAME"]);
        Assert.Equal("-c role=none  -c lock_timeout=50", environment["PGOPTIONS"]);
        Assert.Null(environment["PGHOSTADDR"]);
        Assert.Null(environment["PGSSLCRL"]);
    }

    [Fact]
    public void A_database_argument_cannot_be_taken_for_another_connection_string() =>
        Assert.Equal(@"dbname='host=evil \'x\' \\'", Parse("host=h").WithDatabase(@"host=evil 'x' \").DatabaseArgument);

    [Fact]
    public void Require_verifies_where_a_root_certificate_is_at_hand_as_libpq_does()
    {
        Assert.Contains("SSL Mode=Require", Npgsql("host=h sslmode=require"), StringComparison.Ordinal);
        Write(".postgresql/root.crt", "x");
        Assert.Contains("SSL Mode=VerifyCA", Npgsql("host=h sslmode=require"), StringComparison.Ordinal);
        Assert.Contains("SSL Mode=VerifyFull", Npgsql("host=h sslmode=verify-full"), StringComparison.Ordinal);
    }

    public void Dispose() => home.Delete(recursive: true);

    private string Npgsql(string text) => Parse(text).NpgsqlConnectionString("a");

    private PostgresTarget Parse(string text, params (string Name, string Value)[] variables) =>
        PostgresTarget.Parse(
            text,
            variables.Append(("HOME", home.FullName)).ToDictionary(v => v.Item1, v => v.Item2, StringComparer.Ordinal)
        );

    private void Write(string name, string text)
    {
        var file = Path.Combine(home.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
