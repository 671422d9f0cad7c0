using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>Whose session holds a database's run lock, as far as we may see it.</summary>
/// <param name="ProcessId">Its backend.</param>
/// <param name="ApplicationName"><c>tidelock/RUN/EPOCH</c>.</param>
/// <param name="Client">The address it came from; <c>local</c> for a socket, empty without the right to see it.</param>
/// <param name="Since">When it connected, which is when it took the lock; null without the right to see it.</param>
public sealed record LockHolder(int ProcessId, string ApplicationName, string Client, DateTimeOffset? Since)
{
    /// <summary>For the person who was refused.</summary>
    public Message Describe(PostgresTarget target) =>
        Message.Of(
            "postgres.lock.held",
            ("database", target),
            ("application", ApplicationName),
            ("client", Client.Length > 0 ? Client : "?"),
            ("pid", ProcessId),
            ("since", (object?)Since ?? "?")
        );
}
