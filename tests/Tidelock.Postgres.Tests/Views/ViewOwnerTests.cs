using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

/// <summary>A view's readers read through it with its owner's rights; what he may not read, nobody can.</summary>
public sealed class ViewOwnerTests(PostgresServer server)
{
    private static readonly RelationName V = new("public", "v");
    private readonly string owner = $"o_{Guid.NewGuid():N}";
    private readonly string deployer = $"d_{Guid.NewGuid():N}";

    [Theory]
    [InlineData("select 1 as a, s from secret")]
    [InlineData("select 1::bigint as a, (select max(s) from secret) as s")]
    public async Task A_definition_that_reads_what_the_owner_may_not_read_is_refused_before_anything_is_locked(
        string sql
    )
    {
        await using var bench = await BenchAsync($"grant create on schema public to {owner}");

        var outcome = await bench.ForwardAsync(ViewBench.View("v", sql));

        var failed = Assert.IsType<MigrationOutcome.Failed>(outcome);
        Assert.Equal(("42501", "migrations.view.owner-may-not"), (failed.SqlState, failed.Finding.Code));
        Assert.Contains("secret", failed.Finding.ToString(), StringComparison.Ordinal);
        Assert.Empty(bench.Tries);
    }

    [Fact]
    public async Task Where_the_owner_may_create_nothing_it_is_refused_in_the_transaction()
    {
        await using var bench = await BenchAsync("");
        var catalog = await bench.CatalogAsync();

        var outcome = await DeployAsync(bench, "select 1 as a, s from secret");

        Assert.Equal("migrations.view.owner-may-not", outcome.Finding.Code);
        Assert.Single(bench.Tries);
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    [Theory]
    [InlineData("")]
    [InlineData("grant create on schema public to {owner}")]
    public async Task A_view_that_neither_its_owner_nor_the_deployer_may_read_is_none_the_worse_for_it(string grant)
    {
        await using var bench = await BenchAsync(
            $"grant select on secret to {owner}; revoke all on v from {owner};"
                + grant.Replace("{owner}", owner, StringComparison.Ordinal)
        );
        var before = await bench.Database.RowsAsync("select relacl::text from pg_class where relname = 'v'");

        var outcome = await DeployAsync(bench, "select 1 as a, s from secret");

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
        Assert.Equal(before, await bench.Database.RowsAsync("select relacl::text from pg_class where relname = 'v'"));
    }

    [Fact]
    public async Task A_view_that_is_read_with_its_readers_rights_needs_none_of_the_owner()
    {
        await using var bench = await BenchAsync("alter view v set (security_invoker = true)");

        var outcome = await DeployAsync(bench, "select 1 as a, s from secret");

        Assert.True(outcome is MigrationOutcome.Applied, outcome.Finding.ToString());
    }

    [Fact]
    public async Task Going_back_to_a_view_whose_owner_has_lost_a_right_meanwhile_is_exact()
    {
        await using var bench = await BenchAsync(
            $"grant select on secret to {owner}; grant create on schema public to {owner}"
        );
        await bench.Database.ExecuteAsync("create or replace view v as select 1 as a, s from secret");
        var (before, catalog) = (await bench.CaptureAsync(V), await bench.CatalogAsync());
        Assert.IsType<MigrationOutcome.Applied>(await DeployAsync(bench, "select 1::bigint as a, 'x' as s"));
        await bench.Database.ExecuteAsync($"revoke select on secret from {owner}");

        var back = await bench.RunAsync(new ClosureMove(V, before));

        Assert.True(back is MigrationOutcome.Applied, back.Finding.ToString());
        Assert.Equal(catalog, await bench.CatalogAsync());
    }

    /// <summary>A view of one role, deployed by another that is a member of it and no superuser.</summary>
    private Task<ViewBench> BenchAsync(string sql) =>
        ViewBench.EmptyAsync(
            server,
            $"""
            create role {owner}; create role {deployer} login; grant {owner} to {deployer};
            grant create, usage on schema public to {deployer}; revoke create on schema public from public;
            create table secret (s text); create view v as select 1 as a; alter view v owner to {owner};
            {sql}
            """
        );

    private async Task<MigrationOutcome> DeployAsync(ViewBench bench, string definition)
    {
        await using var session = await PostgresSession.OpenAsync(bench.Database.TargetAs(deployer), "t", default);
        var move = ViewBench.View("v", definition).Forward(await bench.CaptureAsync(V));
        return await bench.RunAsync(session, move, ViewBench.Budget, TimeSpan.FromSeconds(30));
    }
}
