using Tidelock.Postgres.Tests.Servers;

namespace Tidelock.Postgres.Tests.Examples;

/// <summary>One database with V1 as public.v1 for all tests of a class, which run one after the other; each begins empty.</summary>
public sealed class EmptyAttemptView(PostgresServer server) : IAsyncLifetime
{
    private TestDatabase database = null!;

    public async Task<TestDatabase> BeginAsync()
    {
        await database.ExecuteAsync("truncate public.exam_results");
        return database;
    }

    public async ValueTask InitializeAsync()
    {
        database = await server.CreateDatabaseAsync();
        await AttemptViewExample.LoadAsync(database, 0);
        await AttemptViewExample.CreateV1Async(database);
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
