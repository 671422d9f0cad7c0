using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Backups.Dumps;

/// <summary>How pg_dump is told to compress.</summary>
internal static class CompressionArgument
{
    /// <summary>Costs hardly more than not packing at all.</summary>
    private static readonly DumpCompression Best = new(CompressionMethod.Zstd, 1);

    /// <summary>What every pg_dump has.</summary>
    public static DumpCompression Always { get; } = new(CompressionMethod.Gzip, 1);

    /// <summary>pg_dump of this and later versions knows other methods than gzip, as far as it was built with them.</summary>
    private const int KnowsMethods = 16;

    /// <summary>As pg_dump names it, which is as an author does: <c>zstd:3</c>.</summary>
    public static string Name(DumpCompression compression)
    {
        var (method, level) = compression;
        var name = method switch
        {
            CompressionMethod.None => "none",
            CompressionMethod.Gzip => "gzip",
            CompressionMethod.Lz4 => "lz4",
            CompressionMethod.Zstd => "zstd",
        };
        return level is null ? name : FormattableString.Invariant($"{name}:{level}");
    }

    /// <summary>A number alone is gzip's level, and 0 for none, in every version.</summary>
    public static string Of(DumpCompression compression)
    {
        var (method, level) = compression;
        return method switch
        {
            CompressionMethod.None => "--compress=0",
            CompressionMethod.Gzip => FormattableString.Invariant($"--compress={level ?? 6}"),
            CompressionMethod.Lz4 or CompressionMethod.Zstd => "--compress=" + Name(compression),
        };
    }

    /// <summary>As the change says; where it says nothing, the best that this pg_dump can.</summary>
    /// <returns>Or why it cannot do what the change says.</returns>
    public static async Task<(DumpCompression Chosen, Message? Lacking)> ChooseAsync(
        ClientPrograms clients,
        PostgresTarget target,
        BackupOrder order,
        CancellationToken cancellation
    )
    {
        if (order.Options.Compress is { } asked)
        {
            return (asked, await LackingAsync(clients, target, order, asked, cancellation).ConfigureAwait(false));
        }

        var lacking = await LackingAsync(clients, target, order, Best, cancellation).ConfigureAwait(false);
        return (lacking is null ? Best : Always, null);
    }

    /// <summary>
    /// Whether this pg_dump can compress so: it is let dump the definition of nothing that way, because a build tells only by doing it. Null when it can.
    /// </summary>
    public static async Task<Message?> LackingAsync(
        ClientPrograms clients,
        PostgresTarget target,
        BackupOrder order,
        DumpCompression compression,
        CancellationToken cancellation
    )
    {
        if (compression.Method is CompressionMethod.None or CompressionMethod.Gzip)
        {
            return null;
        }

        var lacking = Message.Of(
            "backups.compress.lacking",
            ("program", clients.PgDump),
            ("major", clients.Major),
            ("method", Name(compression))
        );
        if (clients.Major < KnowsMethods)
        {
            return lacking;
        }

        var tried = await new ChildProgram(
            clients.PgDump,
            [
                "--format=custom",
                "--schema-only",
                "--table=pg_catalog.pg_class",
                "--no-password",
                "--no-sync",
                "--file=/dev/null",
                order.LockWaitArgument,
                Of(compression),
            ],
            target.LibpqEnvironment(order.ApplicationName)
        )
            .RunAsync(cancellation)
            .ConfigureAwait(false);
        return tried.Succeeded
            ? null
            : Message.Of("backups.compress.failed", ("why", lacking), ("words", tried.LastWords));
    }
}
