using System.Data;
using System.Globalization;
using Npgsql;

namespace Tidelock.Postgres;

/// <summary>
/// Reads with text of an author's making: in READ ONLY transactions that are rolled back, with a limit that the server keeps and, should
/// the server not answer, the client.
/// </summary>
/// <param name="session">Open and idle.</param>
/// <param name="limit">For everything that is read, from the first statement on: each has what the others have left.</param>
/// <param name="time">The client's clock.</param>
internal sealed class BoundedRead(PostgresSession session, TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan AnswerTime = TimeSpan.FromSeconds(3);

    private long? begun;
    private bool isSet;

    public PostgresSession Session => session;

    /// <summary>Who reads: row security and privileges are this role's; null for the one that logged in.</summary>
    public string? Role { get; init; }

    /// <summary>How many bytes of temporary files a statement may write, where that may be set; null: whatever the server allows.</summary>
    public long? Temporary { get; init; }

    /// <summary>Whether the time it takes is judged: then it is planned as an application's read; else it takes no parallel workers and no JIT.</summary>
    public bool IsTimed { get; init; }

    /// <summary>Whether the server keeps <see cref="Temporary"/>, of what was read last.</summary>
    public bool IsTemporaryKept { get; private set; } = true;

    /// <summary>Whether the limit is used up, so that nothing more is begun.</summary>
    public bool IsOver => Left <= TimeSpan.Zero;

    private TimeSpan Left => begun is { } since ? limit - time.GetElapsedTime(since) : limit;

    /// <summary>Runs <paramref name="read"/> in one snapshot. Its text finds unqualified names in these schemas.</summary>
    /// <exception cref="TimeoutException">The limit was reached, on either side.</exception>
    public async Task<T> RunAsync<T>(
        IEnumerable<string> schemas,
        Func<CancellationToken, Task<T>> read,
        CancellationToken cancellation
    )
    {
        begun ??= time.GetTimestamp();
        if (IsOver)
        {
            throw new TimeoutException();
        }

        using var deadline = new CancellationTokenSource(Left + AnswerTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, deadline.Token);
        try
        {
            await using var transaction = await session
                .Connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, either.Token)
                .ConfigureAwait(false);
            await session.ExecuteAsync(Settings(schemas), either.Token).ConfigureAwait(false);
            IsTemporaryKept = await TemporaryLimit.SetAsync(session, Temporary, either.Token).ConfigureAwait(false);
            if (Role is not null)
            {
                await session
                    .ExecuteAsync($"set local role {Identifiers.Quote(Role)}", either.Token)
                    .ConfigureAwait(false);
            }

            return await read(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e) when (deadline.IsCancellationRequested)
        {
            throw new TimeoutException(e.Message, e);
        }
        catch (PostgresException e)
            when (e.SqlState == PostgresErrorCodes.QueryCanceled && !cancellation.IsCancellationRequested)
        {
            throw new TimeoutException(e.MessageText, e);
        }
    }

    /// <summary>Reads every column of every row of one statement, as text.</summary>
    /// <param name="sql">The server refuses a second statement in it.</param>
    /// <param name="keep">How many rows are kept; the rest is counted.</param>
    /// <param name="cancellation">Ends the statement.</param>
    public async Task<ReadRows> RowsAsync(string sql, int keep, CancellationToken cancellation)
    {
        if (!isSet)
        {
            await session.ExecuteAsync(Timeout, cancellation).ConfigureAwait(false);
        }

        isSet = false;
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(sql));
        await using var reader = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        var kept = new List<IReadOnlyList<string?>>();
        var names = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToList();
        long count = 0;
        while (await reader.ReadAsync(cancellation).ConfigureAwait(false))
        {
            count++;
            if (kept.Count < keep)
            {
                kept.Add(names.Select((_, i) => ValueText.Of(reader, i)).ToList());
            }
        }

        return new ReadRows(names, kept, count);
    }

    private string Timeout =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"set local statement_timeout = {Math.Max(1, Math.Ceiling(Left.TotalMilliseconds))}"
        );

    private string Settings(IEnumerable<string> schemas)
    {
        var path = string.Join(", ", schemas.Distinct(StringComparer.Ordinal).Select(Identifiers.Quote));
        isSet = true;
        var sparing = IsTimed ? "" : SharedSnapshot.Sparing;
        return $"set transaction read only; {Timeout}; set local search_path to {path}, pg_temp; {sparing}";
    }
}

/// <summary>What a statement returned.</summary>
/// <param name="Names">Its columns.</param>
/// <param name="Rows">The first rows, as text.</param>
/// <param name="Count">How many rows there were in all.</param>
internal sealed record ReadRows(IReadOnlyList<string> Names, IReadOnlyList<IReadOnlyList<string?>> Rows, long Count)
{
    /// <summary>The kept rows for people: <c>id=3 name=x; id=4 name=∅</c>.</summary>
    public string Shown =>
        string.Join("; ", Rows.Select(r => string.Join(' ', r.Select((v, i) => $"{Names[i]}={Short(v)}"))));

    private static string Short(string? value) =>
        value switch
        {
            null => "NULL",
            { Length: > 60 } => value[..60] + "…",
            _ => value,
        };
}
