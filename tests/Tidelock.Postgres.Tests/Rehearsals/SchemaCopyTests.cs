using Tidelock.Backups;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Rehearsals;

public sealed class SchemaCopyTests(PostgresServer server)
{
    [Fact]
    public async Task Roles_with_quotes_capitals_and_other_scripts_stand_on_the_copy_as_owners_and_grantees()
    {
        const string Owner = "O'Brien \"한글\" Role";
        var (owner, reader) = ($"{Owner} {Guid.NewGuid():N}", $"Reader {Guid.NewGuid():N}");
        var (o, r) = (Identifiers.Quote(owner), Identifiers.Quote(reader));
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            $"""
            create role {o} login; create role {r};
            grant create, usage on schema public to {o};
            set role {o};
            create table public."T a" (id int, x varchar);
            create view public."V ä" as select id, x from public."T a" where x in ('a', 'b');
            create materialized view public.m as select count(*) from public."V ä";
            grant select on public."V ä" to {r} with grant option;
            reset role;
            """
        );
        try
        {
            bench
                .Declaring("migration:\n  view: { name: 'public.\"V ä\"', definition: new.sql }\n")
                .With("new.sql", "select x, id from public.\"T a\"");
            var result = await bench.RehearseAsync(owner);
            Assert.True(result.Problem is null, result.Problem?.ToString());
            Assert.Equal(owner, result.Before!.Relation.Owner);
            Assert.Contains(result.Before.Relation.Grants!, g => g.Grantee == reader && g.Grantable);
            Assert.True(result.Before.Dependents[0].Populated);
        }
        finally
        {
            await bench.Database.ExecuteAsync($"drop owned by {o}, {r} cascade; drop role {o}, {r}");
        }
    }

    [Fact]
    public async Task An_extension_that_this_machine_lacks_is_named_and_the_way_back_is_not_proven()
    {
        await using var bench = await RehearsalBench.CreateAsync(
            server,
            """
            create view public.v as select 1 as a;
            insert into pg_catalog.pg_extension
            select 99999, 'no_such_extension', extowner, extnamespace, false, '1', null, null from pg_catalog.pg_extension limit 1;
            """
        );
        bench
            .Declaring("migration:\n  view: { name: public.v, definition: new.sql }\n")
            .With("new.sql", "select 2 as a");
        var result = await bench.RehearseAsync();
        Assert.Equal("rehearsals.extensions", result.Problem!.Code);
        Assert.Contains("no_such_extension", result.Problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Newer_client_programs_copy_the_schema_into_a_throwaway_server_as_new_as_they()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, "create view public.v as select 1 as a");
        bench
            .Declaring("migration:\n  view: { name: public.v, definition: new.sql }\n")
            .With("new.sql", "select 2 as a");
        using var newer = new NewerPrograms(17);
        var programs = new BackupPrograms(newer.Variables);
        var refused = await Assert.ThrowsAsync<TidelockException>(() => programs.FindAsync(15, default));
        Assert.Equal("postgres.programs.client-too-new", refused.Problem.Code);

        var result = await new WayRehearser(
            programs,
            new MigrationTransaction(TimeProvider.System),
            TimeProvider.System
        ).RehearseAsync(bench.Change(), bench.Database.Target, CancellationToken.None);

        Assert.True(result.Problem is null, result.Problem?.ToString());
        Assert.NotNull(result.ForwardTook);
    }

    [Fact]
    public async Task Server_programs_older_than_the_database_are_told_with_the_command_that_installs_others()
    {
        await using var bench = await RehearsalBench.CreateAsync(server, "create view public.v as select 1 as a");
        bench
            .Declaring("migration:\n  view: { name: public.v, definition: new.sql }\n")
            .With("new.sql", "select 2 as a");
        await using var session = await bench.Views.OpenAsync();
        var (copy, problem) = await SchemaCopy.MakeAsync(
            session,
            new BackupPrograms(),
            99,
            null,
            CancellationToken.None
        );
        Assert.Null(copy);
        Assert.Equal("rehearsals.old-server", problem!.Code);
        Assert.Contains("postgresql-99", problem.ToString(), StringComparison.Ordinal);
    }
}
