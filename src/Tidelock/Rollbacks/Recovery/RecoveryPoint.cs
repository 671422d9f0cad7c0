using System.Globalization;
using Tidelock.Migrations;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Runs;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>The moment before a change, to which a server is restored.</summary>
/// <param name="Time">Surely before it, by the server's clock: that of its moment, or else when its step began.</param>
/// <param name="TransactionId">The one transaction that made it, before which a recovery may stop exactly; null where it was not one.</param>
internal sealed record RecoveryPoint(DateTimeOffset Time, ulong? TransactionId)
{
    /// <summary>The transaction id the server gave next at that time, or a little before; null where that was not journaled.</summary>
    public ulong? Next { get; init; }

    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    /// <summary>Null where the run has not tried its change.</summary>
    public static async Task<RecoveryPoint?> ReadAsync(
        StepContext context,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var migrate = context.As("migrate");
        if (context.State.Step("migrate").StartedAt is not { } began)
        {
            return null;
        }

        if (RecoveryMoment.Of(context) is { } moment)
        {
            return new RecoveryPoint(moment.Time, Transaction(migrate)) { Next = moment.Next };
        }

        var there = await session
            .ScalarAsync<DateTime>("select clock_timestamp() at time zone 'UTC'", cancellation)
            .ConfigureAwait(false);
        var ahead = new DateTimeOffset(there, TimeSpan.Zero) - context.Time.GetUtcNow();
        return new RecoveryPoint(began + ahead - Margin, Transaction(migrate));
    }

    /// <summary>As UTC to the second, never later than it.</summary>
    public string Text(string format) => Time.ToUniversalTime().ToString(format, CultureInfo.InvariantCulture);

    private static ulong? Transaction(StepContext migrate) =>
        migrate.Change.Section<Migration>() is not (ToolMigration or StatementsMigration)
        && migrate.State is { AppliedAt: not null, Identity: { } identity }
        && migrate.Fact("try", MigrationsJson.Default.MigrationTry) is { } last
        && last.Timeline == identity.Timeline
        && ulong.TryParse(last.TransactionId, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            ? id
            : null;
}
