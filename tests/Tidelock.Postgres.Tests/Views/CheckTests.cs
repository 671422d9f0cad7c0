using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;
using Tidelock.Checks;
using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Views;

public sealed class CheckTests(PostgresServer server)
{
    [Theory]
    [InlineData("select generate_series(1, 3)", ">", 2, null, "checks.sql.passed")]
    [InlineData("select generate_series(1, 3)", "=", 2, null, "checks.sql.rows")]
    [InlineData("select count(*) from pg_class where false", null, 0, "0", "checks.sql.passed")]
    [InlineData("select true", null, 0, "true", "checks.sql.passed")]
    [InlineData("select 1.50", null, 0, "1.5", "checks.sql.value")]
    [InlineData("select null", null, 0, "1", "checks.sql.value")]
    [InlineData("select row(1, 'a')::record", null, 0, null, "checks.sql.passed")]
    [InlineData("select x from nowhere", null, 0, null, "checks.sql.failed")]
    [InlineData("create table x (a int)", null, 0, null, "checks.sql.failed")]
    [InlineData("select 1; select 2", null, 0, null, "checks.sql.failed")]
    [InlineData("select pg_sleep(30)", null, 0, null, "checks.too-slow")]
    [InlineData("select 1 / (3 - n) from generate_series(1, 3) n", null, 0, null, "checks.sql.failed")]
    public async Task A_query_passes_only_when_all_of_it_is_as_expected(
        string sql,
        string? comparison,
        long count,
        string? value,
        string code
    )
    {
        var rows = comparison is null ? null : new RowExpectation(comparison, count);
        var result = await RunAsync(
            new SqlCheck("c", sql, rows, value, TimeSpan.FromSeconds(code == "checks.too-slow" ? 0.3 : 20), null, false)
        );
        Assert.Equal(code, result.Finding.Code);
        Assert.Equal(code == "checks.sql.passed", result.Passed);
        Assert.True(result.Took < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_multiple_of_a_baseline_that_was_never_measured_has_not_passed()
    {
        var check = new SqlCheck("c", "select pg_sleep(0.2)", null, null, null, 2, true);
        Assert.True((await RunAsync(check)).Passed);
        Assert.Equal("checks.sql.no-baseline", (await RunAsync(check, [])).Finding.Code);
        Assert.True((await RunAsync(check, new() { ["c"] = TimeSpan.FromSeconds(5) })).Passed);
        Assert.Equal(
            "checks.too-slow",
            (await RunAsync(check, new() { ["c"] = TimeSpan.FromMilliseconds(40) })).Finding.Code
        );
    }

    [Fact]
    public async Task A_server_that_does_not_even_say_that_the_time_is_over_has_not_answered()
    {
        // A server of its own: whoever drops a database waits for every backend, also for one that stands still.
        await using var cluster = await LocalCluster.StartAsync(new LocalClusterOptions(), default);
        var check = new SqlCheck("c", "select pg_sleep(31)", null, null, TimeSpan.FromSeconds(0.3), null, true);
        var asking = RunAsync(check with { Within = TimeSpan.FromSeconds(3) }, target: cluster.Target());
        const string Backend = "select pid from pg_stat_activity where query = 'select pg_sleep(31)'";
        await TestDatabase.UntilAsync(cluster.Target(), $"select exists ({Backend})");
        var backend = await TestDatabase.ScalarAsync<int>(cluster.Target(), Backend);
        Backends.Stop(backend);
        try
        {
            var result = await asking;
            Assert.Equal(("checks.sql.silent", false), (result.Finding.Code, result.IsAnswered));
        }
        finally
        {
            Backends.Continue(backend);
        }

        var slow = await RunAsync(check, target: cluster.Target());
        Assert.Equal((true, true), (slow.IsSlow, slow.IsAnswered));
    }

    [Theory]
    [InlineData(PostgresErrorCodes.DeadlockDetected, false)]
    [InlineData(PostgresErrorCodes.SerializationFailure, false)]
    [InlineData(PostgresErrorCodes.TooManyConnections, false)]
    [InlineData(PostgresErrorCodes.UndefinedColumn, true)]
    public async Task A_transaction_that_gave_way_to_another_says_nothing_of_its_query(string state, bool isAnswered)
    {
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync(
            $"create function fails() returns int language plpgsql as $$ begin raise 'no' using errcode = '{state}'; end $$"
        );
        var check = new SqlCheck("c", "select public.fails()", null, null, null, null, Critical: true);
        var result = await RunAsync(check, target: database.Target);
        Assert.Equal(
            (isAnswered ? "checks.sql.failed" : "checks.sql.lost", isAnswered),
            (result.Finding.Code, result.IsAnswered)
        );
    }

    [Theory]
    [InlineData("select pg_sleep(30)", 20, 0.5, 0, "checks.sql.silent")]
    [InlineData("select 1", 5, 60, 10, "checks.sql.late")]
    public async Task What_only_the_client_found_too_slow_was_lost_or_long_on_its_way(
        string sql,
        double bound,
        double limit,
        int jump,
        string code
    )
    {
        // The server ends what takes longer than the bound, and it ended nothing.
        var check = new SqlCheck("c", sql, null, null, TimeSpan.FromSeconds(bound), null, true);
        var result = await RunAsync(
            check,
            time: new HastyTime(TimeSpan.FromSeconds(jump), TimeSpan.FromSeconds(limit))
        );
        Assert.Equal((code, false, false), (result.Finding.Code, result.Passed, result.IsAnswered));
    }

    [Theory]
    [InlineData(200, "ok", "checks.http.passed")]
    [InlineData(503, null, "checks.http.status")]
    [InlineData(200, "something else", "checks.http.body")]
    public async Task An_address_must_answer_with_its_status_and_text(int status, string? contains, string code)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var answered = AnswerAsync(listener, status);
        var result = await RunAsync(
            new HttpCheck("h", new Uri($"http://127.0.0.1:{port}/healthz"), 200, contains, TimeSpan.FromSeconds(10))
        );
        await answered;
        Assert.Equal(code, result.Finding.Code);
    }

    [Fact]
    public async Task An_address_that_nobody_answers_at_has_not_passed()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var port = ((IPEndPoint)silent.LocalEndpoint).Port;
        var check = new HttpCheck("h", new Uri($"http://127.0.0.1:{port}/"), 200, null, TimeSpan.FromSeconds(0.3));
        Assert.Equal("checks.too-slow", (await RunAsync(check)).Finding.Code);
        var nowhere = check with { Address = new Uri("http://127.0.0.1:1/"), Within = TimeSpan.FromSeconds(20) };
        Assert.Equal("checks.http.failed", (await RunAsync(nowhere)).Finding.Code);
    }

    [Theory]
    [InlineData("exit 0", "checks.command.passed")]
    [InlineData("echo broken >&2; exit 3", "checks.command.failed")]
    [InlineData("sleep 30", "checks.too-slow")]
    [InlineData("test \"$PGDATABASE\" = secret", "checks.command.passed")]
    public async Task A_command_must_end_with_exit_code_0_in_time(string script, string code)
    {
        var within = TimeSpan.FromSeconds(code == "checks.too-slow" ? 1 : 20);
        var result = await RunAsync(new CommandCheck("c", ["sh", "-c", script], within));
        Assert.Equal(code, result.Finding.Code);
        Assert.Equal(code == "checks.command.passed", result.Passed);
    }

    [Fact]
    public async Task A_command_that_is_not_there_has_not_passed()
    {
        var result = await RunAsync(new CommandCheck("c", ["no-such-program-here"], TimeSpan.FromSeconds(20)));
        Assert.False(result.Passed);
        Assert.Equal("programs.not-found", result.Finding.Code);
    }

    private async Task<CheckResult> RunAsync(
        Check check,
        Dictionary<string, TimeSpan>? baselines = null,
        TimeProvider? time = null,
        PostgresTarget? target = null
    )
    {
        using var http = new HttpClient();
        var ground = new CheckGround(
            token => PostgresSession.OpenAsync(target ?? server.Cluster.Target(), "t", token),
            http,
            Path.GetTempPath(),
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["PGDATABASE"] = "secret" },
            baselines,
            time ?? TimeProvider.System
        );
        return Assert.Single(await CheckRunner.RunAsync([check], ground, _ => { }, default));
    }

    private static async Task AnswerAsync(TcpListener listener, int status)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        _ = await stream.ReadAsync(new byte[4096]);
        var answer = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 {status} X\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
        );
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer));
    }

    /// <summary>A client whose limits come after the same time, whatever they are, and whose stopwatch jumps at each look.</summary>
    private sealed class HastyTime(TimeSpan jump, TimeSpan limit) : TimeProvider
    {
        /// <summary>The looks until the statement begins: what is late then is the answer, and not the asking.</summary>
        private const int Before = 5;

        private long looks;

        public override long GetTimestamp() =>
            base.GetTimestamp()
            + (Math.Max(0, Interlocked.Increment(ref looks) - Before) * (long)(jump.TotalSeconds * TimestampFrequency));

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : limit, period);
    }
}
