using System.Globalization;
using System.Text;
using Npgsql;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Connections;

/// <summary>Two real databases that change places under one name.</summary>
public sealed class DatabaseSwapTests(PostgresServer server)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Both_change_places_and_the_one_that_leaves_stays_closed(int major)
    {
        await using var bench = await SwapBench.CreateAsync(await server.MajorAsync(major));
        await bench.SwapAsync("it's new");
        Assert.Equal(SwapFate.Swapped, await bench.Swap.FateAsync(default));
        Assert.Equal("new", await bench.SeenAsync());
        Assert.Equal(
            [$"{bench.Plan.Kept}|False", $"{bench.Plan.Name}|True"],
            (await bench.StandingAsync()).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            "it's new",
            (await DatabaseProperties.ReadAsync(bench.Admin, bench.Plan.Coming, default))!.Comment
        );
    }

    [Fact]
    public async Task Fifty_clients_that_come_back_in_a_loop_do_not_keep_it_from_being_swapped()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, 50).Select(_ => bench.ComeBackAsync(stop.Token)).ToList();
        await bench.Database.UntilAsync(
            "select count(*) >= 50 from pg_stat_activity where datname = current_database() and application_name = 'client'"
        );
        await bench.Swap.CloseAsync(default);
        await using var interruption = Interruption.Begin(bench.Database.Target, "reader", TimeProvider.System);
        Assert.Empty(await bench.Swap.EmptyAsync(Limit, default));
        await bench.Swap.RenameAsync(null, default);
        var took = await interruption.EndAsync(Limit, TimeProvider.System);
        TestContext.Current.TestOutputHelper?.WriteLine($"nobody could connect for {took}");
        await TestDatabase.UntilAsync(
            server.Cluster.Target(),
            $"select count(*) >= 50 from pg_stat_activity where datid = {bench.Plan.Coming} and application_name = 'client'"
        );
        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.Equal("new", await bench.SeenAsync());
        Assert.True(took < TimeSpan.FromSeconds(30), $"nobody could connect for {took}");
    }

    [Theory]
    [InlineData("a")]
    [InlineData("시")]
    public async Task A_name_of_the_greatest_length_is_cut_between_characters_and_the_run_stays_whole(string letter)
    {
        var name = string.Concat(Enumerable.Repeat(letter, 63 / Encoding.UTF8.GetByteCount(letter)));
        var kept = SwapPlan.BeforeOf(name, "01JD0000000000000000000000");
        Assert.EndsWith("_before_01JD0000000000000000000000", kept, StringComparison.Ordinal);
        Assert.InRange(Encoding.UTF8.GetByteCount(kept), 61, 63);
        Assert.DoesNotContain('\uFFFD', kept);
        await using var bench = await SwapBench.CreateAsync(server.Cluster, name);
        await bench.SwapAsync(null);
        Assert.Equal("new", await bench.SeenAsync());
    }

    [Theory]
    [MemberData(nameof(PostgresServer.Majors), MemberType = typeof(PostgresServer))]
    public async Task Everything_that_would_be_in_the_way_is_told_by_its_name(int major)
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Programs = (await server.MajorAsync(major)).Programs,
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["wal_level"] = "logical",
                    ["max_prepared_transactions"] = "2",
                    ["max_connections"] = "12",
                },
            },
            default
        );
        await using var bench = await SwapBench.CreateAsync(cluster);
        await bench.Database.ExecuteAsync(
            """
            create role weak login connection limit 5;
            create subscription feed connection 'dbname=nowhere' publication p with (connect = false);
            """
        );
        await bench.Database.ExecuteAsync("select pg_create_logical_replication_slot('changes', 'pgoutput')");
        await bench.Database.ExecuteAsync($"alter database {bench.Plan.Name} is_template true");
        await using var inside = await bench.Database.ConnectAsync();
        await using (
            var prepare = new NpgsqlCommand(
                "begin; insert into marker values ('x'); prepare transaction 'half'",
                inside
            )
        )
        {
            await prepare.ExecuteNonQueryAsync();
        }

        await bench.Database.LeftAloneAsync(but: 1);
        await using var weak = await PostgresSession.OpenAsync(cluster.TargetAs("weak", "postgres"), "test", default);
        var found = await SwapObstacles.FindAsync(weak, bench.Plan.Leaving, [bench.Plan.Beside], 40, default);
        Assert.Equal(
            [
                "postgres.swap.no-createdb",
                "postgres.swap.no-room",
                "postgres.swap.not-owner",
                "postgres.swap.prepared",
                "postgres.swap.role-limit",
                "postgres.swap.session",
                "postgres.swap.slot",
                "postgres.swap.subscription",
                "postgres.swap.taken",
                "postgres.swap.template",
            ],
            found.Select(f => f.Code).Order(StringComparer.Ordinal)
        );
        var told = string.Join('\n', found.Select(f => f.ToString()));
        Assert.All(
            new[] { "changes", "feed", "'half' (postgres)", bench.Plan.Beside, "weak" },
            name => Assert.Contains(name, told, StringComparison.Ordinal)
        );
        await bench.Database.ExecuteAsync(
            "rollback prepared 'half'; alter subscription feed disable; alter subscription feed set (slot_name = none)"
        );
        await bench.Database.ExecuteAsync("drop subscription feed; select pg_drop_replication_slot('changes')");
        await bench.Database.ExecuteAsync($"alter database {bench.Plan.Name} is_template false");
        await inside.DisposeAsync();
        await bench.Database.LeftAloneAsync();
        Assert.Empty(await SwapObstacles.FindAsync(bench.Admin, bench.Plan.Leaving, [bench.Plan.Kept], 3, default));
    }

    [Theory]
    [InlineData(15)]
    [InlineData(16)]
    public async Task An_owner_that_the_login_is_a_member_of_but_may_not_act_for_is_in_the_way(int major)
    {
        await using var database = await server.CreateDatabaseAsync(major);
        var (login, owner) = ("login_" + database.Name, "owner_" + database.Name);
        await database.ExecuteAsync(
            $"create role {login} login createrole createdb noinherit; alter database {database.Name} owner to {login}"
        );
        await database.ExecuteAsAsync(login, $"create role {owner}");
        await database.ExecuteAsync($"create table theirs (id int); alter table theirs owner to {owner}");
        if (major < 16)
        {
            await database.ExecuteAsync($"grant {owner} to {login}");
        }

        Assert.Equal(["postgres.swap.foreign-owner"], await FoundAsync());
        await database.ExecuteAsync(
            major < 16 ? $"alter role {login} inherit" : $"grant {owner} to {login} with inherit true, set false"
        );
        Assert.Equal(major < 16 ? [] : ["postgres.swap.foreign-owner"], await FoundAsync());
        await database.ExecuteAsync($"grant {owner} to {login}" + (major < 16 ? "" : " with inherit true, set true"));
        Assert.Empty(await FoundAsync());

        async Task<IEnumerable<string>> FoundAsync()
        {
            var oid = await database.ScalarAsync<uint>(
                "select oid from pg_database where datname = current_database()"
            );
            await database.LeftAloneAsync();
            await using var session = await PostgresSession.OpenAsync(
                database.Cluster.TargetAs(login, "postgres"),
                "test",
                default
            );
            var found = await SwapObstacles.FindAsync(session, oid, [], 3, default);
            return found.Select(f => f.Code).Where(c => c is not "postgres.swap.no-room");
        }
    }

    [Fact]
    public async Task A_superusers_session_that_may_not_be_ended_is_named_and_everything_opens_again()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        var owner = "owner_" + bench.Plan.Name;
        await bench.Admin.ExecuteAsync(
            $"""
            create role {owner} login createdb;
            alter database {bench.Plan.Name} owner to {owner};
            alter database {bench.Plan.Beside} owner to {owner}
            """,
            default
        );
        await using var login = await PostgresSession.OpenAsync(
            server.Cluster.TargetAs(owner, "postgres"),
            "test",
            default
        );
        await using var inside = await bench.Database.ConnectAsync();
        var swap = new DatabaseSwap(login, bench.Plan, TimeProvider.System);
        await bench.Database.LeftAloneAsync(but: 1);
        await swap.CloseAsync(default);
        var present = await swap.EmptyAsync(TimeSpan.FromMilliseconds(200), default);
        Assert.Contains(" postgres (test)", Assert.Single(present), StringComparison.Ordinal);
        var closed = await Assert.ThrowsAsync<TidelockException>(() =>
            PostgresSession.OpenAsync(bench.Database.Target, "test", default)
        );
        Assert.Equal(
            PostgresErrorCodes.ObjectNotInPrerequisiteState,
            (closed.InnerException as PostgresException)?.SqlState
        );
        Assert.Equal(SwapFate.NotSwapped, await swap.SettleAsync(default));
        await inside.DisposeAsync();
        Assert.Equal("old", await bench.SeenAsync());
        Assert.All(await bench.StandingAsync(), s => Assert.EndsWith("|True", s, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_transaction_prepared_meanwhile_is_named_and_nothing_is_swapped()
    {
        await using var cluster = await LocalCluster.StartAsync(
            new LocalClusterOptions
            {
                Settings = new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["max_prepared_transactions"] = "2",
                },
            },
            default
        );
        await using var bench = await SwapBench.CreateAsync(cluster);
        await bench.Database.ExecuteAsync("begin; insert into marker values ('x'); prepare transaction 'half'");
        await bench.Database.LeftAloneAsync();
        await bench.Swap.CloseAsync(default);
        Assert.Equal(
            ["PREPARE TRANSACTION 'half' (postgres)"],
            await bench.Swap.EmptyAsync(TimeSpan.FromMilliseconds(200), default)
        );
        Assert.Equal(SwapFate.NotSwapped, await bench.Swap.SettleAsync(default));
        await bench.Database.ExecuteAsync("rollback prepared 'half'");
        await bench.SwapAsync(null);
        Assert.Equal("new", await bench.SeenAsync());
    }

    [Fact]
    public async Task A_replication_slot_made_meanwhile_is_named_and_nothing_is_swapped()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        var slot = bench.Plan.Name;
        await bench.Database.ExecuteAsync($"select pg_create_logical_replication_slot('{slot}', 'pgoutput')");
        await bench.Database.LeftAloneAsync();
        await bench.Swap.CloseAsync(default);
        Assert.Equal(
            [$"replication slot {slot}"],
            await bench.Swap.EmptyAsync(TimeSpan.FromMilliseconds(200), default)
        );
        Assert.Equal(SwapFate.NotSwapped, await bench.Swap.SettleAsync(default));
        await bench.Database.ExecuteAsync($"select pg_drop_replication_slot('{slot}')");
    }

    [Fact]
    public async Task Whoever_grants_on_the_database_is_not_waited_for_while_it_is_closed()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        await using var granting = await PostgresSession.OpenAsync(server.Cluster.Target(), "granting", default);
        await granting.ExecuteAsync($"begin; grant connect on database {bench.Plan.Name} to public", default);
        var busy = await Assert.ThrowsAsync<PostgresException>(() => bench.Swap.CloseAsync(default));
        Assert.Equal(PostgresErrorCodes.LockNotAvailable, busy.SqlState);
        Assert.All(await bench.StandingAsync(), s => Assert.EndsWith("|True", s, StringComparison.Ordinal));
        await granting.ExecuteAsync("commit", default);

        await bench.Swap.CloseAsync(default);
        await granting.ExecuteAsync($"begin; grant connect on database {bench.Plan.Name} to public", default);
        var opening = bench.Swap.SettleAsync(default);
        await TestDatabase.UntilAsync(
            server.Cluster.Target(),
            "select exists (select from pg_stat_activity where application_name = 'swap' and wait_event_type = 'Lock')"
        );
        await granting.ExecuteAsync("commit", default);
        Assert.Equal(SwapFate.NotSwapped, await opening);
        Assert.All(await bench.StandingAsync(), s => Assert.EndsWith("|True", s, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_one_that_was_closed_before_is_closed_again_where_nothing_is_swapped()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        await bench.Admin.ExecuteAsync(
            $"alter database {Identifiers.Quote(bench.Plan.Beside)} with allow_connections false",
            default
        );
        var swap = new DatabaseSwap(bench.Admin, bench.Plan with { ComingIsClosed = true }, TimeProvider.System);

        // A program that is killed here has let people in.
        await swap.LetInAsync(default);
        Assert.All(await bench.StandingAsync(), s => Assert.EndsWith("|True", s, StringComparison.Ordinal));
        Assert.Equal(SwapFate.NotSwapped, await swap.SettleAsync(default));
        Assert.Equal(Apart(bench), (await bench.StandingAsync()).Order(StringComparer.Ordinal));

        await swap.CloseAsync(default);
        Assert.Equal(SwapFate.NotSwapped, await swap.SettleAsync(default));
        Assert.Equal(Apart(bench), (await bench.StandingAsync()).Order(StringComparer.Ordinal));

        static IEnumerable<string> Apart(SwapBench bench) =>
            new[] { $"{bench.Plan.Name}|True", $"{bench.Plan.Beside}|False" }.Order(StringComparer.Ordinal);
    }

    [Fact]
    public async Task A_name_that_somebody_takes_in_the_last_moment_leaves_both_as_they_were()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        await bench.Swap.CloseAsync(default);
        Assert.Empty(await bench.Swap.EmptyAsync(Limit, default));
        await bench.Admin.ExecuteAsync($"create database {Identifiers.Quote(bench.Plan.Kept)}", default);
        await using var taken = TestDatabase.Of(server.Cluster, bench.Plan.Kept);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => bench.Swap.RenameAsync(null, default));
        Assert.Equal(PostgresErrorCodes.DuplicateDatabase, refused.SqlState);
        Assert.Equal(SwapFate.NotSwapped, await bench.Swap.SettleAsync(default));
        Assert.Equal("old", await bench.SeenAsync());
    }

    [Fact]
    public async Task Names_that_somebody_else_changed_are_unknown_and_nothing_is_closed()
    {
        await using var bench = await SwapBench.CreateAsync(server.Cluster);
        await bench.Admin.ExecuteAsync(
            $"""
            alter database {bench.Plan.Name} rename to {bench.Plan.Name}_x;
            alter database {Identifiers.Quote(bench.Plan.Beside)} rename to {bench.Plan.Name};
            alter database {bench.Plan.Name}_x rename to {Identifiers.Quote(bench.Plan.Beside)}
            """,
            default
        );
        var refused = await Assert.ThrowsAsync<TidelockException>(() => bench.Swap.CloseAsync(default));
        Assert.Equal("postgres.swap.unsettled", refused.Problem.Code);
        Assert.Equal(SwapFate.Unknown, await bench.Swap.SettleAsync(default));
        Assert.All(await bench.StandingAsync(), s => Assert.EndsWith("|True", s, StringComparison.Ordinal));
    }

    private sealed class SwapBench : IAsyncDisposable
    {
        private SwapBench(TestDatabase database, TestDatabase beside, PostgresSession admin, SwapPlan plan)
        {
            (Database, this.beside, Admin, Plan) = (database, beside, admin, plan);
            kept = TestDatabase.Of(database.Cluster, plan.Kept);
            Swap = new DatabaseSwap(admin, plan, TimeProvider.System);
        }

        private readonly TestDatabase beside;
        private readonly TestDatabase kept;

        public TestDatabase Database { get; }

        public PostgresSession Admin { get; }

        public SwapPlan Plan { get; }

        public DatabaseSwap Swap { get; }

        public static async Task<SwapBench> CreateAsync(LocalCluster cluster, string? name = null)
        {
            var run = Guid.NewGuid().ToString("N")[..26];
            var database = await TestDatabase.CreateAsync(cluster, name);
            var beside = await TestDatabase.CreateAsync(cluster, SwapPlan.BesideOf(run));
            await database.ExecuteAsync("create table marker as select text 'old' as is");
            await beside.ExecuteAsync("create table marker as select text 'new' as is");
            const string oid = "select oid from pg_database where datname = current_database()";
            var plan = new SwapPlan(
                database.Name,
                await database.ScalarAsync<uint>(oid),
                SwapPlan.BeforeOf(database.Name, run),
                await beside.ScalarAsync<uint>(oid),
                beside.Name
            );
            return new SwapBench(
                database,
                beside,
                await PostgresSession.OpenAsync(cluster.Target(), "swap", default),
                plan
            );
        }

        public async Task SwapAsync(string? comment)
        {
            await Swap.CloseAsync(default);
            Assert.Empty(await Swap.EmptyAsync(Limit, default));
            await Swap.RenameAsync(comment, default);
        }

        public Task<string?> SeenAsync() => Database.ScalarAsync<string>("select \"is\" from marker");

        public Task<List<string>> StandingAsync() =>
            Admin.QueryAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"select datname::text, datallowconn from pg_database where oid in ({Plan.Leaving}, {Plan.Coming})"
                ),
                r => $"{r.GetString(0)}|{r.GetBoolean(1)}",
                default
            );

        /// <summary>Connects, asks, and connects again as soon as the connection is gone.</summary>
        public async Task ComeBackAsync(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    await using var connection = new NpgsqlConnection(
                        Database.TargetAs("postgres").NpgsqlConnectionString("client")
                    );
                    await connection.OpenAsync(stop);
                    while (true)
                    {
                        await using var ask = new NpgsqlCommand("select \"is\" from marker", connection);
                        await ask.ExecuteScalarAsync(stop);
                        await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, stop);
                    }
                }
                catch (Exception e) when (e is NpgsqlException or OperationCanceledException)
                {
                    // Shut out, or the test is over.
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Admin.DisposeAsync();
            await Database.DisposeAsync();
            await beside.DisposeAsync();
            await kept.DisposeAsync();
        }
    }
}
