using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>Whether a key can say which old row is which new one.</summary>
/// <param name="key">Its columns, for people.</param>
/// <param name="columns">What is compared.</param>
/// <param name="cancellation">Ends the reading.</param>
internal sealed class ContentKeys(string key, ContentColumns columns, CancellationToken cancellation)
{
    /// <summary>Why it cannot; null when it is never null and unique on both sides.</summary>
    public async Task<Message?> ProblemAsync(
        (PostgresSession Session, ContentSide Side, ContentDigest Digest) old,
        (PostgresSession Session, ContentSide Side, ContentDigest Digest) @new
    )
    {
        if (old.Digest.NullKeys + @new.Digest.NullKeys > 0)
        {
            return Message.Of(
                "contracts.compare.key-null",
                ("key", key),
                ("old", old.Digest.NullKeys),
                ("new", @new.Digest.NullKeys)
            );
        }

        var example =
            await ExampleAsync(old.Session, old.Side, old.Digest).ConfigureAwait(false)
            ?? await ExampleAsync(@new.Session, @new.Side, @new.Digest).ConfigureAwait(false);
        return example is null
            ? null
            : Message.Of(
                "contracts.compare.key-doubles",
                ("key", key),
                ("old", old.Digest.DoubleKeys),
                ("new", @new.Digest.DoubleKeys),
                ("example", example)
            );
    }

    /// <summary>Two keys may have one hash: only the keys themselves are proof.</summary>
    private async Task<string?> ExampleAsync(PostgresSession session, ContentSide side, ContentDigest digest)
    {
        if (digest.DoubleKeys == 0)
        {
            return null;
        }

        var sql = $"""
            select pg_catalog.min(d.k) from (
              select {columns.Key} as k from {side.From} {ContentSide.Row} group by 1 having pg_catalog.count(*) > 1
            ) d
            """;
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(OwnStatement.Mark(sql)));
        return await batch.ExecuteScalarAsync(cancellation).ConfigureAwait(false) as string;
    }
}
