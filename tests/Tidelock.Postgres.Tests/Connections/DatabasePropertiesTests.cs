using System.Globalization;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Connections;

/// <summary>What belongs to a database and stands in no dump of it, put on an empty copy; compared by the catalogs' own text.</summary>
public sealed class DatabasePropertiesTests(PostgresServer server)
{
    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task A_copy_has_everything_the_database_has_around_its_contents(int major)
    {
        var cluster = await server.MajorAsync(major);
        await using var admin = await PostgresSession.OpenAsync(cluster.Target(), "test", default);
        await using var zoo = await ZooAsync(admin, cluster, major);
        await using var copy = await CopyAsync(admin, cluster, zoo.Name);

        var expected = await CatalogAsync(admin, zoo.Name);
        Assert.Equal(expected, await CatalogAsync(admin, copy.Name));

        // What is read is what the catalog says: nothing of it may be missing from both.
        Assert.Contains(expected, l => l.Contains("search_path=\"$user\", public, \"a,b\"", StringComparison.Ordinal));
        Assert.Contains(expected, l => l.Contains("app.tenant=it's \\ a \"test\"", StringComparison.Ordinal));
        Assert.Contains(expected, l => l.Contains("=c/r1_", StringComparison.Ordinal));
        Assert.Contains(expected, l => l.Contains("17", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_was_altered_meanwhile_is_taken_over_and_what_is_gone_is_taken_away()
    {
        await using var admin = await PostgresSession.OpenAsync(server.Cluster.Target(), "test", default);
        await using var zoo = await ZooAsync(admin, server.Cluster, server.Cluster.Programs.Major);
        await using var copy = await CopyAsync(admin, server.Cluster, zoo.Name);
        await admin.ExecuteAsync(
            $"""
            alter database "{zoo.Name}" connection limit 3;
            alter database "{zoo.Name}" reset app.tenant;
            alter role "r1_{zoo.Name}" in database "{zoo.Name}" reset all;
            alter database "{zoo.Name}" set statement_timeout = '7s';
            set role "r1_{zoo.Name}"; revoke connect on database "{zoo.Name}" from "r2_{zoo.Name}"; reset role;
            grant create on database "{zoo.Name}" to public
            """,
            default
        );
        var (model, made) = (await ReadAsync(admin, zoo.Name), await ReadAsync(admin, copy.Name));
        Assert.Equal(["CONNECTION LIMIT", "GRANT", "SET"], model.Differences(made));
        await DatabaseCopying.ApplyAsync(admin, model, made.Oid, default);
        Assert.Equal(await CatalogAsync(admin, zoo.Name), await CatalogAsync(admin, copy.Name));
    }

    [Fact]
    public async Task A_login_that_may_not_give_a_setting_is_told_which()
    {
        await using var admin = await PostgresSession.OpenAsync(server.Cluster.Target(), "test", default);
        await using var zoo = await ZooAsync(admin, server.Cluster, server.Cluster.Programs.Major);
        var owner = $"o_{zoo.Name}";
        await using var login = await PostgresSession.OpenAsync(
            server.Cluster.TargetAs(owner, "postgres"),
            "test",
            default
        );
        var model = await ReadAsync(login, zoo.Name);
        await DatabaseCopying.CreateAsync(login, model, zoo.Name + "_c", default);
        await using var copy = await OwnedAsync(server.Cluster, zoo.Name + "_c");
        var made = await ReadAsync(login, copy.Name);
        var refused = await Assert.ThrowsAsync<TidelockException>(() =>
            DatabaseCopying.ApplyAsync(login, model, made.Oid, default)
        );
        Assert.Equal("postgres.swap.not-copied", refused.Problem.Code);
        Assert.Contains("42501", refused.Message, StringComparison.Ordinal);
        Assert.Equal(made.Differences(await ReadAsync(login, copy.Name)), []);
    }

    private static async Task<TestDatabase> CopyAsync(PostgresSession admin, LocalCluster cluster, string name)
    {
        var model = await ReadAsync(admin, name);
        await DatabaseCopying.CreateAsync(admin, model, name + "_copy", default);
        var copy = await OwnedAsync(cluster, name + "_copy");
        var made = await ReadAsync(admin, copy.Name);
        await DatabaseCopying.ApplyAsync(admin, model, made.Oid, default);
        Assert.Equal([], model.Differences(await ReadAsync(admin, copy.Name)));
        return copy;
    }

    private static async Task<DatabaseProperties> ReadAsync(PostgresSession session, string name)
    {
        var oid = await session.ScalarAsync<uint>(
            "select oid from pg_database where datname = $1",
            default,
            new NpgsqlParameter { Value = name }
        );
        return await DatabaseProperties.RequireAsync(session, oid, default);
    }

    private static Task<TestDatabase> OwnedAsync(LocalCluster cluster, string name) =>
        Task.FromResult(TestDatabase.Of(cluster, name));

    /// <summary>Everything that can be said of a database, its name left out.</summary>
    private static Task<List<string>> CatalogAsync(PostgresSession session, string name) =>
        session.QueryAsync(
            """
            select line from (
              select 'database ' || (to_jsonb(d) - 'oid' - 'datname' - 'datacl' - 'datfrozenxid' - 'datminmxid')::text from pg_database d where datname = $1
              union all
              select 'grant ' || a::text from pg_database, unnest(datacl) a where datname = $1
              union all
              select 'setting ' || setrole::text || ' ' || c from pg_db_role_setting, unnest(setconfig) c
                where setdatabase = (select oid from pg_database where datname = $1)
            ) lines(line) order by 1
            """,
            r => r.GetString(0),
            default,
            new NpgsqlParameter { Value = name }
        );

    private static async Task<TestDatabase> ZooAsync(PostgresSession admin, LocalCluster cluster, int major)
    {
        var name = "zoo_" + Guid.NewGuid().ToString("N")[..8];
        var place = Path.Combine(cluster.Folder, name);
        UnprivilegedUser.CreateFolder(place);
        var hasIcu = await admin.ScalarAsync<bool>(
            "select exists (select from pg_collation where collprovider = 'i')",
            default
        );
        var locale =
            major >= 17 ? "locale_provider builtin builtin_locale 'C.UTF-8'"
            : major >= 15 && hasIcu ? "locale_provider icu icu_locale 'ko-KR'"
            : "";
        string[] roles =
        [
            $"create role \"o_{name}\" login createdb",
            $"create role \"r1_{name}\"",
            $"create role \"r2_{name}\"",
            $"create tablespace \"s {name}\" location '{place}'",
            $"grant create on tablespace \"s {name}\" to \"o_{name}\"",
        ];
        foreach (var statement in roles)
        {
            await admin.ExecuteAsync(statement, default);
        }

        await admin.ExecuteAsync(
            string.Create(
                CultureInfo.InvariantCulture,
                $"create database \"{name}\" template template0 owner \"o_{name}\" encoding 'UTF8' lc_collate 'C' lc_ctype 'C' {locale} connection limit 17"
            ),
            default
        );
        var zoo = TestDatabase.Of(cluster, name);
        await zoo.ExecuteAsync(
            $"""
            revoke all on database "{name}" from public;
            set role "o_{name}";
            revoke temporary on database "{name}" from "o_{name}";
            grant connect on database "{name}" to "r1_{name}" with grant option;
            reset role; set role "r1_{name}";
            grant connect on database "{name}" to "r2_{name}";
            reset role;
            alter database "{name}" set search_path = "$user", public, "a,b", "c""d";
            alter database "{name}" set app.tenant = 'it''s \ a "test"';
            alter database "{name}" set timezone = 'Asia/Seoul';
            alter database "{name}" set role = 'r2_{name}';
            alter database "{name}" set default_transaction_read_only = off;
            alter role "r1_{name}" in database "{name}" set search_path = '';
            alter role "r1_{name}" in database "{name}" set work_mem = '5MB';
            alter role "r2_{name}" in database "{name}" set datestyle = 'ISO, DMY'
            """
        );
        return zoo;
    }
}
