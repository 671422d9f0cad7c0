using Npgsql;

namespace Tidelock.Postgres;

/// <summary>
/// "cached plan must not change result type": a session that had prepared a statement before the columns changed. Its data are not broken;
/// preparing anew mends it. Other uses of the same SQLSTATE come from elsewhere in the server.
/// </summary>
internal static class OutdatedPlan
{
    private const string Routine = "RevalidateCachedQuery";

    public static bool Is(PostgresException e) =>
        e.SqlState == PostgresErrorCodes.FeatureNotSupported && e.Routine is Routine;
}
