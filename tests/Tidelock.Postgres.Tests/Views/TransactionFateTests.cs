using Npgsql;
using Tidelock.Migrations;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Views;

public sealed class TransactionFateTests(PostgresServer server)
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_connection_lost_at_commit_leaves_the_fate_to_the_transaction_id(bool committed)
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            """
            create table t (a int); create view v as select 1 as a;
            create function die() returns trigger language plpgsql as
            'begin perform pg_terminate_backend(pg_backend_pid()); return null; end';
            create constraint trigger die after insert on t deferrable initially deferred for each row execute function die();
            """
        );
        await using var relay = await Relay.StartAsync(bench.Database.Cluster.Port);
        var target = PostgresTarget.Parse(
            relay.Through(bench.Database.Uri),
            new Dictionary<string, string>(StringComparer.Ordinal)
        );
        await using var session = await PostgresSession.OpenAsync(target, "t", default);

        // Killed by the server in the middle of COMMIT, or its answer lost on the way back.
        var move = new Doing(committed ? "create view made as select 1" : "insert into t values (1)");
        move.Before = () => relay.CutAfterCommit = committed;
        var outcome = await bench.RunAsync(session, move, ViewBench.Budget, TimeSpan.FromSeconds(60));

        Assert.IsType<MigrationOutcome.Unknown>(outcome);
        await using var other = await bench.OpenAsync();
        var fate = await TransactionFates.AskAsync(
            other,
            bench.Tries[^1],
            TimeSpan.FromSeconds(10),
            TimeProvider.System,
            default
        );
        Assert.Equal(committed ? TransactionFate.Committed : TransactionFate.Aborted, fate);
        Assert.Equal(committed, await bench.Database.ScalarAsync<bool>("select to_regclass('made') is not null"));
    }

    [Fact]
    public async Task A_try_cut_off_by_a_crash_of_the_server_was_aborted_though_strangers_commit_afterwards()
    {
        var own = new PostgresServer();
        await own.InitializeAsync();
        await using var _ = own;
        await using var bench = await ViewBench.EmptyAsync(own, "create table t (a int)");
        await using var session = await bench.OpenAsync();
        var move = new Doing("create view made as select 1");
        move.BeforeAsync = () => own.Cluster.RestartAsync("immediate", default);
        var outcome = await bench.RunAsync(session, move, ViewBench.Budget, TimeSpan.FromSeconds(60));
        Assert.IsType<MigrationOutcome.Unknown>(outcome);
        for (var i = 0; i < 20; i++)
        {
            await bench.Database.ExecuteAsync("insert into t values (1)");
        }

        await using var other = await bench.OpenAsync();
        var one = bench.Tries[^1];
        var fate = await TransactionFates.AskAsync(other, one, TimeSpan.Zero, TimeProvider.System, default);
        Assert.Equal((true, TransactionFate.Aborted), (one.IsDurable, fate));
    }

    [Fact]
    public async Task A_role_that_may_not_mark_its_transaction_still_migrates_and_its_fate_alone_is_unknown()
    {
        await using var bench = await ViewBench.EmptyAsync(
            server,
            "revoke execute on function pg_logical_emit_message(boolean, text, text) from public; create role unmarked login; "
                + "grant create, usage on schema public to unmarked"
        );
        await using var session = await PostgresSession.OpenAsync(bench.Database.TargetAs("unmarked"), "t", default);
        var outcome = await bench.RunAsync(
            session,
            new Doing("create view made as select 1"),
            ViewBench.Budget,
            TimeSpan.FromSeconds(60)
        );
        Assert.IsType<MigrationOutcome.Applied>(outcome);
        Assert.False(bench.Tries[^1].IsDurable);
        Assert.Equal(
            TransactionFate.Unknown,
            await TransactionFates.AskAsync(session, bench.Tries[^1], TimeSpan.Zero, TimeProvider.System, default)
        );
    }

    [Fact]
    public async Task A_transaction_still_open_is_in_progress_and_one_of_the_future_is_unknown()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create table t (a int)");
        await using var connection = await bench.Database.ConnectAsync();
        await using var transaction = await connection.BeginTransactionAsync();
        var id = (string)
            (await new NpgsqlCommand("select pg_current_xact_id()::text", connection).ExecuteScalarAsync())!;
        await using var session = await bench.OpenAsync();
        Assert.Equal(TransactionFate.InProgress, await TransactionFates.AskAsync(session, id, default));
        await transaction.RollbackAsync();
        Assert.Equal(TransactionFate.Aborted, await TransactionFates.AskAsync(session, id, default));
        Assert.Equal(TransactionFate.Unknown, await TransactionFates.AskAsync(session, "999999999999", default));
        var elsewhere = new MigrationTry(1, id, "1", 1);
        Assert.Equal(
            TransactionFate.Unknown,
            await TransactionFates.AskAsync(session, elsewhere, TimeSpan.Zero, TimeProvider.System, default)
        );
    }

    [Fact]
    public async Task An_intent_that_cannot_be_stored_leaves_everything_as_it_was()
    {
        await using var bench = await ViewBench.EmptyAsync(server, "create view v as select 1 as a");
        var move = ViewBench.View("v", "select 2 as a").Forward(await bench.CaptureAsync(new("public", "v")));
        await using var session = await bench.OpenAsync();
        await Assert.ThrowsAsync<IOException>(() =>
            new MigrationTransaction(TimeProvider.System).RunAsync(
                session,
                move,
                ViewBench.Budget,
                (_, _) => throw new IOException("disk full"),
                null,
                _ => { },
                default
            )
        );
        Assert.Equal(1, await bench.Database.ScalarAsync<int>("select a from v"));
        Assert.Equal(1, await session.ScalarAsync<int>("select 1", default));
    }

    /// <summary>Runs one statement.</summary>
    private sealed class Doing(string sql) : IMigrationMove
    {
        public Action Before { get; set; } = () => { };

        public Func<Task> BeforeAsync { get; set; } = () => Task.CompletedTask;

        public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
            Task.FromResult(new MovePreparation([], null));

        public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation)
        {
            await open.ExecuteAsync("set local search_path to public", sql, cancellation);
            await open.ExecuteAsync(sql, sql, cancellation);
            Before();
            await BeforeAsync();
            return null;
        }

        public Message Explain(PostgresException error, object? about) => Message.Of("t.t", ("e", error.MessageText));
    }
}
