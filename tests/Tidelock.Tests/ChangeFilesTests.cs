using Tidelock.Contracts;

namespace Tidelock.Tests;

public sealed class ChangeFilesTests : IDisposable
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-files-").FullName;

    public ChangeFilesTests()
    {
        Directory.CreateDirectory(Path.Combine(folder, "change"));
        Write("secret.sql", "select 1");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("link.sql")]
    [InlineData("linked/secret.sql")]
    public void A_symbolic_link_does_not_lead_out_of_the_folder(string definition)
    {
        File.CreateSymbolicLink(Path.Combine(folder, "change", "link.sql"), "../secret.sql");
        Directory.CreateSymbolicLink(Path.Combine(folder, "change", "linked"), folder);
        Assert.Equal(["changes.file.outside"], Codes(definition));
    }

    [Fact]
    public void A_symbolic_link_within_the_folder_is_followed()
    {
        Write("change/real.sql", "select 1");
        File.CreateSymbolicLink(Path.Combine(folder, "change", "link.sql"), "real.sql");
        Assert.Empty(Codes("link.sql"));
    }

    [Fact]
    public void A_change_in_a_folder_that_is_itself_a_link_loads()
    {
        Write("change/real.sql", "select 1");
        Codes("real.sql");
        Directory.CreateSymbolicLink(Path.Combine(folder, "other"), "change");
        Assert.Empty(TidelockServices.ChangeLoader.Load(Path.Combine(folder, "other"), null, NoVariables).Mistakes);
    }

    [Fact]
    public void Files_that_are_too_large_are_refused_unread()
    {
        using (var large = File.Create(Path.Combine(folder, "change", "large.sql")))
        {
            large.SetLength(17 * 1024 * 1024);
        }

        Assert.Equal(["changes.file.large"], Codes("large.sql"));
        Write("change/change.yaml", new string('#', 1024 * 1024 + 1));
        Assert.Equal(["changes.file.large"], Load());
    }

    [Fact]
    public void A_folder_without_a_change_says_so() => Assert.Equal(["changes.file.none"], Load());

    [Theory]
    [InlineData("timestamptz", "timestamp with time zone")]
    [InlineData("TimestampTZ(3)", "timestamp(3) with time zone")]
    [InlineData("timestamp (3)  with time zone", "timestamp(3) with time zone")]
    [InlineData("timestamp", "timestamp without time zone")]
    [InlineData("int8", "bigint")]
    [InlineData("int[]", "integer[]")]
    [InlineData("varchar(20)[]", "character varying(20)[]")]
    [InlineData("varchar", "character varying")]
    [InlineData("char", "character(1)")]
    [InlineData("char(3)", "character(3)")]
    [InlineData("decimal(10)", "numeric(10,0)")]
    [InlineData("numeric(10, 2)", "numeric(10,2)")]
    [InlineData("double precision", "double precision")]
    [InlineData("float4", "real")]
    [InlineData("my_type", "my_type")]
    [InlineData("\"My Type\"", "\"My Type\"")]
    public void Types_are_named_as_format_type_prints_them(string written, string expected) =>
        Assert.Equal(expected, TypeName.Normalize(written));

    private IEnumerable<string> Codes(string definition)
    {
        Write(
            "change/change.yaml",
            $$"""
            change: files
            migration: { view: { name: v, definition: {{definition}} } }
            environments: { production: { database: "${DATABASE_URL}" } }
            """
        );
        return Load();
    }

    private IEnumerable<string> Load() =>
        TidelockServices
            .ChangeLoader.Load(Path.Combine(folder, "change"), null, NoVariables)
            .Mistakes.Select(m => m.Problem.Code);

    private void Write(string path, string text) => File.WriteAllText(Path.Combine(folder, path), text);
}
