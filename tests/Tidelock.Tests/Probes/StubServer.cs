using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Tidelock.Tests.Probes;

/// <summary>A real HTTP server on a free port that answers as a test says.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private StubServer(WebApplication app) => this.app = app;

    public Uri Address => new(app.Urls.First());

    public static Task<StubServer> StartAsync(RequestDelegate answer) => StartAsync(answer, _ => { });

    /// <summary>The same with TLS, or whatever else a listener can be told.</summary>
    public static async Task<StubServer> StartAsync(RequestDelegate answer, Action<ListenOptions> listen)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k =>
        {
            // A machine that does much else is not hung up on.
            (k.Limits.MinRequestBodyDataRate, k.Limits.MinResponseDataRate) = (null, null);
            k.Listen(IPAddress.Loopback, 0, listen);
        });
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new StubServer(app);
    }

    public static Task<StubServer> SayingAsync(int status, string body) =>
        StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return context.Response.WriteAsync(body);
        });

    /// <summary>One whose answers are dated by another clock.</summary>
    public static Task<StubServer> StartAsync(TimeProvider clock, RequestDelegate answer) =>
        StartAsync(context =>
        {
            context.Response.Headers.Date = clock.GetUtcNow().ToString("R", CultureInfo.InvariantCulture);
            return answer(context);
        });

    public static Task<StubServer> SayingAsync(TimeProvider clock, int status, string body) =>
        StartAsync(
            clock,
            context =>
            {
                context.Response.StatusCode = status;
                return context.Response.WriteAsync(body);
            }
        );

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }
}
