using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Npgsql;
using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>Why a connection could not be made, told by codes and types, never by the words of an error.</summary>
internal static class ConnectionFailure
{
    public static TidelockException Of(PostgresTarget target, Exception e) =>
        new(Explain(target, Root(e)), ExitCode.Refused, e);

    /// <summary>With several hosts Npgsql wraps one error for each; the first host's is told.</summary>
    private static Exception Root(Exception e) =>
        e switch
        {
            NpgsqlException { InnerException: AggregateException { InnerExceptions: [var first, ..] } } => Root(first),
            _ => e,
        };

    private static Message Explain(PostgresTarget target, Exception e) =>
        e switch
        {
            PostgresException refused => Refused(target, refused),
            NpgsqlException { InnerException: SocketException socket } => Unreachable(target, socket),
            NpgsqlException { InnerException: TimeoutException } or TimeoutException => TimedOut(target),
            NpgsqlException { InnerException: AuthenticationException or CryptographicException } => Tls(
                target,
                e.InnerException
            ),
            AuthenticationException or CryptographicException => Tls(target, e),
            SocketException socket => Unreachable(target, socket),
            NpgsqlException { InnerException: null } when target.PasswordFileIsIgnored => Message.Of(
                "postgres.connect.password-file-open",
                ("target", target),
                ("file", target.PasswordFilePath)
            ),
            NpgsqlException { InnerException: null } when target.RequiresTls => Tls(target, e),
            NpgsqlException { InnerException: null } when !target.HasPassword => Message.Of(
                "postgres.connect.no-password",
                ("target", target),
                ("user", target.User)
            ),
            _ => Message.Of(
                "postgres.connect.failed",
                ("target", target),
                ("reason", e.InnerException?.Message ?? e.Message)
            ),
        };

    private static Message Refused(PostgresTarget target, PostgresException e) =>
        e.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword => Message.Of(
                "postgres.connect.wrong-password",
                ("target", target),
                ("user", target.User)
            ),
            PostgresErrorCodes.InvalidAuthorizationSpecification => Message.Of(
                "postgres.connect.not-admitted",
                ("target", target),
                ("user", target.User),
                ("reason", e.MessageText)
            ),
            PostgresErrorCodes.InvalidCatalogName => Message.Of(
                "postgres.connect.no-database",
                ("target", target),
                ("database", target.Database)
            ),
            PostgresErrorCodes.InsufficientPrivilege => Message.Of(
                "postgres.connect.no-privilege",
                ("target", target),
                ("user", target.User),
                ("database", target.Database)
            ),
            PostgresErrorCodes.TooManyConnections => Message.Of(
                "postgres.connect.too-many",
                ("target", target),
                ("reason", e.MessageText)
            ),
            PostgresErrorCodes.CannotConnectNow
            or PostgresErrorCodes.AdminShutdown
            or PostgresErrorCodes.CrashShutdown => Message.Of(
                "postgres.connect.not-ready",
                ("target", target),
                ("reason", e.MessageText)
            ),
            _ => Message.Of(
                "postgres.connect.failed",
                ("target", target),
                ("reason", $"{e.SqlState}: {e.MessageText}")
            ),
        };

    private static Message Unreachable(PostgresTarget target, SocketException e) =>
        e.SocketErrorCode switch
        {
            _ when target.Host.StartsWith('/') => Message.Of("postgres.connect.no-socket", ("target", target)),
            SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => Message.Of(
                "postgres.connect.host-not-found",
                ("target", target),
                ("host", target.Host)
            ),
            SocketError.ConnectionRefused => Message.Of("postgres.connect.refused", ("target", target)),
            SocketError.TimedOut => TimedOut(target),
            _ => Message.Of("postgres.connect.failed", ("target", target), ("reason", e.Message)),
        };

    private static Message TimedOut(PostgresTarget target) =>
        Message.Of("postgres.connect.timed-out", ("target", target));

    private static Message Tls(PostgresTarget target, Exception e) =>
        Message.Of("postgres.connect.tls", ("target", target), ("reason", (e.InnerException ?? e).Message));
}
