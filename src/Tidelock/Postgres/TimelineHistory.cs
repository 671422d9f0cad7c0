using System.Globalization;
using Npgsql;

namespace Tidelock.Postgres;

/// <summary>Where a server's timeline comes from, as its history file says. Reading it takes the right to <c>pg_read_file</c>.</summary>
internal static class TimelineHistory
{
    /// <summary>As a GRANT writes it.</summary>
    public const string Function = "pg_read_file(text, bigint, bigint, boolean)";

    /// <summary>Of a timeline, in the data folder.</summary>
    public static string FileOf(int timeline) =>
        string.Create(CultureInfo.InvariantCulture, $"pg_wal/{timeline:X8}.history");

    public static Task<bool> MayReadAsync(PostgresSession session, CancellationToken cancellation) =>
        session.ScalarAsync<bool>($"select has_function_privilege('{Function}', 'execute')", cancellation);

    /// <summary>Whether the server's timeline descends from an earlier one; null where the role may not know, or there is no history.</summary>
    public static async Task<bool?> DescendsAsync(
        PostgresSession session,
        int timeline,
        int earlier,
        CancellationToken cancellation
    )
    {
        if (!await MayReadAsync(session, cancellation).ConfigureAwait(false))
        {
            return null;
        }

        var history = await session
            .ScalarAsync<string>(
                "select pg_read_file($1, 0, 1000000, true)",
                cancellation,
                new NpgsqlParameter { Value = FileOf(timeline) }
            )
            .ConfigureAwait(false);
        return history is null ? null : Parents(history).Contains(earlier);
    }

    /// <summary>The timelines of <c>1\t0/3000148\tno recovery target specified</c>, one a line.</summary>
    internal static IEnumerable<int> Parents(string history) =>
        history
            .Split('\n')
            .Select(line => line.Split('\t', ' ')[0])
            .Where(first => int.TryParse(first, NumberStyles.None, CultureInfo.InvariantCulture, out _))
            .Select(first => int.Parse(first, CultureInfo.InvariantCulture));
}
