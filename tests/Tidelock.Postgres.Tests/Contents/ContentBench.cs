using System.Collections.Concurrent;
using Tidelock.Contracts;
using Tidelock.Postgres.Tests.Servers;
using Tidelock.Texts;

namespace Tidelock.Postgres.Tests.Contents;

/// <summary>A database with an old and a new side to compare, both given as queries over its tables.</summary>
internal sealed class ContentBench : IAsyncDisposable
{
    private ContentBench(TestDatabase database) => Database = database;

    public TestDatabase Database { get; }

    public ConcurrentQueue<string> Reports { get; } = [];

    /// <summary>The client's clock.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public CompareOptions Options { get; set; } = Same("k");

    public static async Task<ContentBench> CreateAsync(PostgresServer server, string sql = "", int? major = null)
    {
        var database = major is { } m ? await server.CreateDatabaseAsync(m) : await server.CreateDatabaseAsync();
        if (sql.Length > 0)
        {
            await database.ExecuteAsync(sql);
        }

        return new ContentBench(database);
    }

    /// <summary>Everything expected the same, matched by these columns.</summary>
    public static CompareOptions Same(params string[] key) => Expecting(key);

    public static CompareOptions Expecting(string[] key, params string[] changed) =>
        new(
            key,
            changed.ToDictionary(c => c, _ => ContentExpectation.Changed, StringComparer.Ordinal),
            ContentExpectation.Same,
            TimeSpan.FromMinutes(2),
            null
        );

    public async Task<ContentFindings> CompareAsync(string old, string @new, string? role = null) =>
        (await ComparisonAsync(role, ContentSide.Inlined(old, "public"), ContentSide.Inlined(@new, "public"))).Findings;

    public async Task<(ContentFindings Findings, IReadOnlyList<long>? Also)> ComparisonAsync(
        string? role,
        ContentSide old,
        ContentSide @new,
        params string[] also
    )
    {
        var comparison = new ContentComparison(
            Options,
            token => PostgresSession.OpenAsync(Database.Target, "t", token),
            Time,
            m => Reports.Enqueue(TextCatalog.English.Render(m))
        )
        {
            Also = also,
        };
        return await comparison.CompareAsync(
            new RelationName("public", "v"),
            role,
            old,
            @new,
            TestContext.Current.CancellationToken
        );
    }

    public ValueTask DisposeAsync() => Database.DisposeAsync();
}
