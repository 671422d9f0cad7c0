using System.Globalization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Npgsql;

namespace SeedtestApi;

/// <summary>
/// <c>--self-load 20/s</c>: asks the program itself for one student after the other, so that its metrics move. At most 4
/// requests are under way; those that would come on top are left out, as an impatient client would go elsewhere.
/// </summary>
internal sealed class SelfLoad(
    IConfiguration configuration,
    IServer server,
    Attempts attempts,
    IHostApplicationLifetime lifetime,
    ILogger<SelfLoad> log
) : BackgroundService
{
    private const int MostAtOnce = 4;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (PerSecond() is not { } rate)
        {
            return;
        }
        await StartedAsync(stoppingToken);
        var students = await StudentsAsync(stoppingToken);
        using var client = new HttpClient { BaseAddress = Own(), Timeout = TimeSpan.FromSeconds(10) };
        using var places = new SemaphoreSlim(MostAtOnce);
        using var clock = new PeriodicTimer(TimeSpan.FromSeconds(1 / rate));
        for (var i = 0; await clock.WaitForNextTickAsync(stoppingToken); i++)
        {
            if (await places.WaitAsync(TimeSpan.Zero, stoppingToken))
            {
                _ = AskAsync(client, students[i % students.Count], places, stoppingToken);
            }
        }
    }

    private double? PerSecond() =>
        configuration["self-load"] is { Length: > 0 } text
            ? double.Parse(text.Split('/')[0], NumberStyles.Float, CultureInfo.InvariantCulture)
            : null;

    private async Task StartedAsync(CancellationToken cancellation)
    {
        var started = new TaskCompletionSource();
        await using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(cancellation);
    }

    private async Task<IReadOnlyList<Guid>> StudentsAsync(CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                var students = await attempts.SomeStudentsAsync(cancellation);
                return students.Count > 0 ? students : [Guid.Empty];
            }
            catch (NpgsqlException error)
            {
                log.LogWarning("self-load waits for the database: {Problem}", error.Message);
                await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, cancellation);
            }
        }
    }

    private Uri Own() =>
        new(
            server
                .Features.Get<IServerAddressesFeature>()!
                .Addresses.First()
                .Replace("0.0.0.0", "127.0.0.1", StringComparison.Ordinal)
                .Replace("[::]", "127.0.0.1", StringComparison.Ordinal)
        );

    private async Task AskAsync(HttpClient client, Guid student, SemaphoreSlim places, CancellationToken cancellation)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri($"/attempts/{student}", UriKind.Relative), cancellation);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            log.LogWarning("self-load: {Problem}", error.Message);
        }
        finally
        {
            places.Release();
        }
    }
}
