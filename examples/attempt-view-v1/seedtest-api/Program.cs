using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using SeedtestApi;

// seedtest-api, simulated: reads the attempt view, and can be told to fail or to slow down.
//   DATABASE_URL=postgresql://… seedtest-api --urls http://localhost:8080 [--self-load 20/s]
if (Environment.GetEnvironmentVariable("DATABASE_URL") is not { Length: > 0 } address)
{
    await Console.Error.WriteLineAsync(
        "DATABASE_URL is not set: give the database as postgresql://USER:PASS@HOST:PORT/DBNAME"
    );
    return 4;
}

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
builder.Logging.AddFilter("Npgsql", LogLevel.None);
builder.Services.AddSingleton(DatabaseAddress.Open(address));
builder.Services.AddSingleton<Attempts>();
builder.Services.AddSingleton<RequestMetrics>();
builder.Services.AddSingleton<Trouble>();
builder.Services.AddHostedService<SelfLoad>();
var app = builder.Build();

app.MapGet("/healthz", HealthAsync);
app.MapGet("/metrics", (RequestMetrics metrics) => Results.Text(metrics.Write(), "text/plain; version=0.0.4"));
app.MapGet("/attempts/{student:guid}", AttemptEndpoint.GetAsync);
app.MapMethods("/fail", ["GET", "POST"], (double rate, Trouble trouble) => trouble.Fail(rate));
app.MapMethods("/slow", ["GET", "POST"], (int ms, Trouble trouble) => trouble.Slow(TimeSpan.FromMilliseconds(ms)));
app.MapMethods("/reset", ["GET", "POST"], (Trouble trouble) => trouble.Reset());

await app.RunAsync();
return 0;

static async Task<Results<Ok<string>, ProblemHttpResult>> HealthAsync(Attempts attempts, CancellationToken cancellation)
{
    try
    {
        await attempts.PingAsync(cancellation);
        return TypedResults.Ok("ok");
    }
    catch (NpgsqlException error)
    {
        return TypedResults.Problem(error.Message, statusCode: 503);
    }
}
