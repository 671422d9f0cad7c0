using System.Globalization;
using System.Text.RegularExpressions;
using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Migrations.Tools;

/// <summary>Where a tool works: one database, reached by the same settings as ours, and the limits it works within.</summary>
/// <param name="Target">The database.</param>
/// <param name="RunName"><c>tidelock/RUN/EPOCH</c>.</param>
/// <param name="Identity">Which database it must be, whatever the tool's own settings say.</param>
/// <param name="Locks">How long it may wait for locks.</param>
public sealed partial record ToolGround(
    PostgresTarget Target,
    string RunName,
    ServerIdentity Identity,
    LockBudget Locks
)
{
    /// <summary>The clock that bounds what the tool is asked.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What the tool's connections call themselves, so that they are watched, and ended after a crash.</summary>
    public string ApplicationName => RunName + "/tool";

    /// <summary>What <c>show lock_timeout</c> answers on the tool's connections.</summary>
    public long LockTimeoutMilliseconds => Math.Max(1, (long)Math.Ceiling(Locks.Try.TotalMilliseconds));

    /// <summary>PG* and DATABASE_URL, which lead to the same database, and the limits. The only place where the password travels.</summary>
    public IReadOnlyDictionary<string, string?> Environment
    {
        get
        {
            var limits = string.Create(
                CultureInfo.InvariantCulture,
                $"-c lock_timeout={LockTimeoutMilliseconds} -c idle_in_transaction_session_timeout=300000 -c synchronous_commit=local"
            );
            return new Dictionary<string, string?>(
                Target.LibpqEnvironment(ApplicationName, limits),
                StringComparer.Ordinal
            )
            {
                ["DATABASE_URL"] = Target.Uri,
                ["PYTHONDONTWRITEBYTECODE"] = "1",
            };
        }
    }

    /// <summary>
    /// The last words of a program that failed; where a line names an error, as Python and Java do, that one and the two behind it,
    /// because the statement it is about may be long.
    /// </summary>
    public static string LastWords(ProgramResult result)
    {
        var lines = result.Errors.Split('\n').Select(l => l.TrimEnd()).ToList();
        var named = lines.FindLastIndex(l => NamesAnError().IsMatch(l));
        return named < 0 ? result.LastWords : string.Join('\n', lines.Skip(named).Take(3)).TrimEnd();
    }

    [GeneratedRegex(@"^[\w.$]+(Error|Exception)\b", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex NamesAnError();
}
