using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Connections;

/// <summary>The same connection string, given to the real psql and to us, leads to the same place.</summary>
public sealed class PsqlAgreementTests(PostgresServer server) : IAsyncLifetime
{
    private const string Where =
        "select current_database() || '|' || session_user || '|' || coalesce(inet_server_addr()::text, 'socket')";

    private const string Role = "Ünüsual 'röle'";
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("tl-psql-");
    private TestDatabase database = null!;

    public async ValueTask InitializeAsync()
    {
        database = await TestDatabase.CreateAsync(
            server.Cluster,
            "Da ta'b=@se 한 " + Guid.NewGuid().ToString("N")[..6]
        );
        await database.ExecuteAsync(
            $"drop role if exists {Identifiers.Quote(Role)}; create role {Identifiers.Quote(Role)} login password 'p@ss w:rd/%?'"
        );
        var port = server.Cluster.Port;
        Write(".pgpass", $"127.0.0.1:{port}:*:{Role}:p@ss w\\:rd/%?\n");
        Write(".pg_service.conf", $"[ours]\nhost=127.0.0.1\nport={port}\nuser={Role}\ndbname={database.Name}\n");
    }

    public async ValueTask DisposeAsync()
    {
        await database.ExecuteAsync($"drop role {Identifiers.Quote(Role)}");
        await database.DisposeAsync();
        home.Delete(recursive: true);
    }

    [Theory]
    [InlineData("postgresql://{u}:{p}@127.0.0.1:{port}/{d}")]
    [InlineData("postgres://{u}@127.0.0.1:{port}/{d}?password={p}")]
    [InlineData("postgresql://{u}@127.0.0.1:{port}/{d}")]
    [InlineData("postgresql:///{d}?host={s}&port={port}&user={u}")]
    [InlineData("postgresql://{u}@{s}:{port}/{d}")]
    [InlineData("postgresql://{u}@127.0.0.1:1,127.0.0.1:{port}/{d}?target_session_attrs=read-write")]
    [InlineData("postgresql://{u}@127.0.0.1:{port}/{d}?target_session_attrs=primary")]
    [InlineData("host=127.0.0.1 port={port} user={ku} password='p@ss w:rd/%?' dbname={kd}")]
    [InlineData("host={ks} port={port}  user = {ku} dbname={kd} sslmode=disable connect_timeout=30")]
    [InlineData("hostaddr=127.0.0.1 host=anything port={port} user={ku} password='p@ss w:rd/%?' dbname={kd}")]
    [InlineData("service=ours")]
    [InlineData("service=ours user=postgres host={ks}")]
    public async Task Psql_and_we_reach_the_same_database_as_the_same_user(string template)
    {
        var text = Fill(template);
        var theirs = await PsqlAsync([text], new(StringComparer.Ordinal) { ["HOME"] = home.FullName });
        var target = PostgresTarget.Parse(
            text,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["HOME"] = home.FullName }
        );
        await using var session = await PostgresSession.OpenAsync(target, "t", CancellationToken.None);
        Assert.Equal(theirs, await session.ScalarAsync<string>(Where, CancellationToken.None));
        var children = target.LibpqEnvironment("t").ToDictionary(v => v.Key, v => v.Value, StringComparer.Ordinal);
        Assert.Equal(theirs, await PsqlAsync([], children));
        children["PGDATABASE"] = null;
        Assert.Equal(theirs, await PsqlAsync([target.DatabaseArgument], children));
    }

    private string Fill(string template) =>
        template
            .Replace("{u}", Uri.EscapeDataString(Role), StringComparison.Ordinal)
            .Replace("{p}", Uri.EscapeDataString("p@ss w:rd/%?"), StringComparison.Ordinal)
            .Replace("{d}", Uri.EscapeDataString(database.Name), StringComparison.Ordinal)
            .Replace("{s}", Uri.EscapeDataString(server.Cluster.SocketFolder), StringComparison.Ordinal)
            .Replace("{port}", $"{server.Cluster.Port}", StringComparison.Ordinal)
            .Replace("{ku}", PostgresTarget.Value(Role), StringComparison.Ordinal)
            .Replace("{kd}", PostgresTarget.Value(database.Name), StringComparison.Ordinal)
            .Replace("{ks}", server.Cluster.SocketFolder, StringComparison.Ordinal);

    private static async Task<string> PsqlAsync(string[] connection, Dictionary<string, string?> variables)
    {
        var programs = await ClientPrograms.FindAsync(ProcessVariables.Read(), 0, CancellationToken.None);
        var psql = new ChildProgram(programs.Psql, ["-XAtw", "-c", Where, .. connection], variables);
        return (await psql.RunAsync(CancellationToken.None)).OrThrow().Output.Trim();
    }

    private void Write(string name, string text)
    {
        var file = Path.Combine(home.FullName, name);
        File.WriteAllText(file, text);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }
}
