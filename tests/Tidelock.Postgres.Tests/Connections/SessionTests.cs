using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

public sealed class SessionTests(PostgresServer server)
{
    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Settings_of_the_role_and_the_database_cannot_undo_ours(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        var role = database.Name + "_role";
        await database.ExecuteAsync(
            $"create role {role} login superuser; create role {role}_other; grant {role}_other to {role}"
        );
        foreach (var (name, value) in await HostileAsync(database))
        {
            await database.ExecuteAsync($"alter role {role} set {name} = '{value}'");
            await database.ExecuteAsync($"alter database {database.Name} set {name} = '{value}'");
        }

        await database.ExecuteAsync($"alter role {role} set role = '{role}_other'");
        await using (
            var session = await PostgresSession.OpenAsync(database.TargetAs(role), "t", CancellationToken.None)
        )
        {
            foreach (var (name, value) in await HostileAsync(database))
            {
                var set = await session.ScalarAsync<string>($"show {name}", CancellationToken.None);
                Assert.NotEqual($"{name}={value}", $"{name}={set}");
            }

            Assert.Equal(role, await session.ScalarAsync<string>("select current_user::text", CancellationToken.None));
        }

        await database.ExecuteAsync($"drop role {role}, {role}_other");
    }

    [Fact]
    public async Task A_role_that_the_connection_string_asks_for_is_kept()
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"create role {database.Name}_owner");
        var target = PostgresTarget.Parse(
            $"{database.Uri}?options=-crole%3D{database.Name}_owner",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );
        await using (var session = await PostgresSession.OpenAsync(target, "t", CancellationToken.None))
        {
            Assert.Equal(
                database.Name + "_owner",
                await session.ScalarAsync<string>("select current_user::text", CancellationToken.None)
            );
        }

        await database.ExecuteAsync($"drop role {database.Name}_owner");
    }

    [Fact]
    public async Task The_application_name_is_ours_whatever_the_connection_string_says()
    {
        await using var database = await server.CreateDatabaseAsync();
        var target = PostgresTarget.Parse(
            database.Uri + "?application_name=theirs",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );
        await using var session = await PostgresSession.OpenAsync(target, "tidelock/R/1", CancellationToken.None);
        Assert.Equal(
            "tidelock/R/1",
            await session.ScalarAsync<string>("show application_name", CancellationToken.None)
        );
    }

    private static async Task<List<(string Name, string Value)>> HostileAsync(TestDatabase database)
    {
        List<(string Name, string Value)> all =
        [
            ("statement_timeout", "7s"),
            ("lock_timeout", "7s"),
            ("idle_in_transaction_session_timeout", "7s"),
            ("idle_session_timeout", "7min"),
            ("transaction_timeout", "7s"),
            ("search_path", "elsewhere"),
            ("timezone", "Asia/Seoul"),
            ("datestyle", "SQL, DMY"),
            ("intervalstyle", "sql_standard"),
            ("bytea_output", "escape"),
            ("quote_all_identifiers", "on"),
            ("standard_conforming_strings", "off"),
            ("default_transaction_isolation", "serializable"),
        ];
        var known = await database.RowsAsync("select lower(name) from pg_settings");
        return all.FindAll(s => known.Contains(s.Name, StringComparer.Ordinal));
    }
}
