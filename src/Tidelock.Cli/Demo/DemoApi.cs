using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Cli.Demo;

/// <summary>seedtest-api on a free port of this machine, with a little load of its own.</summary>
internal sealed class DemoApi : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly CancellationTokenSource stop = new();
    private readonly TaskCompletionSource<Uri> listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task running = Task.CompletedTask;

    private DemoApi() { }

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    public static async Task<DemoApi> StartAsync(string program, PostgresTarget target, CancellationToken cancellation)
    {
        var api = new DemoApi();
        var child = new ChildProgram(
            "dotnet",
            [program, "--urls", "http://127.0.0.1:0", "--self-load", "5/s"],
            new Dictionary<string, string?>(StringComparer.Ordinal) { ["DATABASE_URL"] = DemoServer.Url(target) }
        )
        {
            Grace = TimeSpan.FromSeconds(2),
        };
        api.running = api.RunAsync(child);
        try
        {
            api.Address = await api.listening.Task.WaitAsync(Patience, cancellation);
            return api;
        }
        catch
        {
            await api.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        stop.Dispose();
    }

    private async Task RunAsync(ChildProgram child)
    {
        try
        {
            await child.RunAsync(Heard, stop.Token);
            listening.TrySetException(new TidelockException(Message.Of("demo.api-ended"), ExitCode.Mistake));
        }
        catch (OperationCanceledException)
        {
            listening.TrySetCanceled();
        }
        catch (TidelockException e)
        {
            listening.TrySetException(e);
        }
    }

    private void Heard(string line)
    {
        var at = line.IndexOf(Listening, StringComparison.Ordinal);
        if (at >= 0)
        {
            listening.TrySetResult(new Uri(line[(at + Listening.Length)..].Trim()));
        }
    }
}
