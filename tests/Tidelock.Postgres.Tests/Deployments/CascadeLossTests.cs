using Tidelock.Deployments;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Deployments;

public sealed class CascadeLossTests(PostgresServer server)
{
    private const string Unrehearsed = "{ rollbackPlan: off, backup: { proof: verified } }";

    private const string Elsewhere = """
        create view public.base as select id, name from public.results;
        create view public.child as select id from public.base;
        grant select on public.child to pg_monitor;
        """;

    private const string Up = "drop view base cascade; create view base as select id, name from results where id > 0;";
    private const string Down = "drop view base cascade; create view base as select id, name from results;";
    private const string Child = " create view child as select id from base;";
    private const string Grant = " grant select on child to pg_monitor;";

    [Fact]
    public async Task What_a_CASCADE_would_take_for_good_refuses_the_start_until_it_is_named_or_made_again()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(Elsewhere);

        var refused = await DeployAsync(fixture, Up, Down + Child + Grant);
        Assert.Equal(ExitCode.Refused, refused.ExitCode);
        foreach (var words in new[] { TextCatalog.English, TextCatalog.Korean })
        {
            var told = words.Render(await GateAsync(fixture));
            Assert.Contains("view public.child", told, StringComparison.Ordinal);
            Assert.Contains("drops: [public.child]", told, StringComparison.Ordinal);
        }

        Assert.Equal(1, await ChildrenAsync(fixture));
        var stripped = await DeployAsync(fixture, Up + Child, Down + Child + Grant);
        Assert.Equal(ExitCode.Refused, stripped.ExitCode);
        Assert.Contains(
            "grant SELECT on public.child to pg_monitor",
            (await GateAsync(fixture)).ToString(),
            StringComparison.Ordinal
        );

        var named = await DeployAsync(fixture, Up, Down + Child + Grant, drops: "[public.child]");
        Assert.True(named.ExitCode == ExitCode.Done, named.Finding.ToString());
        Assert.Equal(0, await ChildrenAsync(fixture));
    }

    [Fact]
    public async Task What_the_author_drops_by_name_needs_no_other_word()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(Elsewhere);

        var end = await DeployAsync(
            fixture,
            "drop view child; drop view base;",
            Down.Replace("drop view base cascade; ", "", StringComparison.Ordinal) + Child + Grant
        );

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(0, await ChildrenAsync(fixture));
    }

    [Fact]
    public async Task A_loss_that_was_not_rehearsed_is_found_afterwards_and_the_change_is_taken_back()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(Elsewhere);

        var end = await DeployAsync(fixture, Up, Down + Child + Grant, gates: Unrehearsed);

        Assert.True(end.ExitCode == ExitCode.RolledBack, end.Finding.ToString());
        Assert.Equal("steps.verify.cascade", end.State!.Step("verify").Finding!.Code);
        Assert.Contains("view public.child", end.State.Step("verify").Finding!.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await ChildrenAsync(fixture));
    }

    [Fact]
    public async Task A_way_back_that_does_not_make_it_again_needs_a_person()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(Elsewhere);

        var end = await DeployAsync(fixture, Up, Down, gates: Unrehearsed);

        Assert.True(end.ExitCode == ExitCode.NeedsPerson, end.Finding.ToString());
        var told = end.State!.Step("rollback.verify").Finding!;
        Assert.Equal("steps.reverted.cascade", told.Code);
        Assert.Contains("view public.child", told.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_line_of_a_refusal_lets_go_what_is_meant_to_go()
    {
        const string Gone = "create table public.gone (id int primary key);";
        const string Notes = "create table public.notes (id int primary key, note text, more text);";
        const string Noting =
            "create trigger note before insert on public.notes for each row execute function noted();";
        const string Noted =
            "create or replace function public.noted() returns trigger language plpgsql as 'begin return new; end';";
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(Elsewhere + Gone + "create table public.emptied (id int);" + Notes);
        await fixture.Database.ExecuteAsync(Noted);
        await fixture.Database.ExecuteAsync(Noting);
        var up =
            "drop table gone; drop table emptied; create table emptied (id int); alter table notes drop more;"
            + $"{Down}{Child} drop function noted() cascade; {Noted}";
        var down = $"{Gone} alter table notes add more text;{Grant} {Noting}";
        const string Lost =
            "[public.emptied, public.gone, public.notes.more, 'grant SELECT on public.child to pg_monitor', 'trigger note on public.notes']";

        var refused = await DeployAsync(fixture, up, down);
        Assert.Equal(ExitCode.Refused, refused.ExitCode);
        var told = (await GateAsync(fixture)).ToString();
        Assert.EndsWith($"drops: {Lost}", told, StringComparison.Ordinal);

        var end = await DeployAsync(fixture, up, down, drops: Lost);
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
    }

    [Fact]
    public async Task A_way_back_that_takes_along_what_others_made_since_needs_a_person_and_what_they_dropped_does_not()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(
            Elsewhere + "create view away as select 1 as one; create view away_too as select one from away;"
        );
        var end = await DeployAsync(
            fixture,
            "create or replace view base as select id, name from results where id > 0; create view made as select id from base;",
            Down + Child + Grant
        );
        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        await fixture.Database.ExecuteAsync(
            "drop view away cascade; create view public.since as select id from public.base;"
        );

        await using var services = await fixture.OpenAsync();
        var back = await services.Deployment.RollBackAsync(
            end.Run!.Value,
            fixture.Request(),
            "downgrade",
            fixture.Terminal(),
            default
        );

        Assert.True(back.ExitCode == ExitCode.NeedsPerson, back.Finding.ToString());
        var told = back.State!.Step("rollback.verify").Finding!;
        Assert.Equal("steps.reverted.cascade", told.Code);
        Assert.Equal("view public.since", told.Arguments["objects"]);
    }

    [Fact]
    public async Task What_only_has_another_name_keeps_its_rows_and_is_not_lost()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync("create table public.notes (id int primary key, note text);");

        var end = await DeployAsync(
            fixture,
            "alter table notes rename to remarks; alter table remarks rename note to remark;",
            "alter table remarks rename remark to note; alter table remarks rename to notes;"
        );

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
    }

    [Fact]
    public async Task What_hung_on_a_table_that_is_swapped_by_renames_is_told_though_its_name_stays()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(
            """
            create table public.notes (id int primary key, note text); create table public.bare (like public.notes including all);
            grant select on public.notes to pg_monitor; create policy of_notes on public.notes using (id > 0);
            create publication of_notes for table public.notes, public.bare;
            """
        );

        var end = await DeployAsync(
            fixture,
            "alter table notes rename to old_notes; alter table bare rename to notes; alter publication of_notes drop table notes;"
                + " drop table old_notes;",
            "create table bare (like notes including all);"
        );

        Assert.Equal(ExitCode.Refused, end.ExitCode);
        Assert.EndsWith(
            "drops: [public.notes, 'grant SELECT on public.notes to pg_monitor', 'policy of_notes on public.notes', "
                + "'publication relation public.notes in publication of_notes']",
            (await GateAsync(fixture)).ToString(),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_table_that_becomes_a_partition_and_a_column_that_is_computed_anew_lose_no_rows()
    {
        await using var fixture = await DeploymentFixture.CreateAsync(server);
        await fixture.Database.ExecuteAsync(
            """
            create table public.visits (id int, on_day date, primary key (id, on_day)) partition by range (on_day);
            create table public.visits_2024 (id int, on_day date default '2024-01-01', primary key (id, on_day), check (id > 0));
            create index visits_2024_late on public.visits_2024 (on_day) where id > 10;
            insert into public.visits_2024 (id) values (1), (2);
            create table public.bills (id int primary key, net int, gross int generated always as (net * 2) stored);
            insert into public.bills values (1, 10);
            """
        );
        static string Gross(int rate) =>
            $"alter table bills drop gross; alter table bills add gross int generated always as (net * {rate}) stored;";

        var end = await DeployAsync(
            fixture,
            "alter table visits attach partition visits_2024 for values from ('2024-01-01') to ('2025-01-01');"
                + Gross(3),
            "alter table visits detach partition visits_2024;" + Gross(2)
        );

        Assert.True(end.ExitCode == ExitCode.Done, end.Finding.ToString());
        Assert.Equal(
            "2 of 30",
            await fixture.Database.ScalarAsync<string>(
                "select (select count(*) from public.visits) || ' of ' || (select gross from public.bills)"
            )
        );
    }

    /// <summary>What the gate says that refused.</summary>
    private static async Task<Message> GateAsync(DeploymentFixture fixture)
    {
        await using var services = await fixture.OpenAsync();
        var plan = await services.Deployment.PlanAsync(fixture.Request(), default);
        return plan.Gates.Single(g => g.Name == "rollback").Finding;
    }

    private static Task<int> ChildrenAsync(DeploymentFixture fixture) =>
        fixture.Database.ScalarAsync<int>("select count(*)::int from pg_class where relname = 'child'")!;

    private static async Task<DeploymentEnd> DeployAsync(
        DeploymentFixture fixture,
        string up,
        string down,
        string drops = "",
        string gates = "{ backup: { rehearse: false, folder: ../backups } }"
    )
    {
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "up.sql"), up);
        await File.WriteAllTextAsync(Path.Combine(fixture.ChangeFolder, "back.sql"), down);
        await File.WriteAllTextAsync(
            Path.Combine(fixture.ChangeFolder, "change.yaml"),
            $$"""
            change: elsewhere
            migration:
              sql: { up: up.sql, down: back.sql }
              {{(drops.Length > 0 ? "drops: " + drops : "")}}
            gates: {{gates}}
            rollback: { method: downgrade }
            watch: { for: 300ms, every: 100ms }
            environments:
              production: { database: "${DATABASE_URL}" }
            """
        );
        fixture.Events.Clear();
        return await fixture.DeployAsync();
    }
}
