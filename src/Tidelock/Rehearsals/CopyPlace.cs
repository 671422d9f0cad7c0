using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Where the copy of a schema stands: an empty database of a server on which we may do anything. Disposing removes it.</summary>
internal abstract class CopyPlace : IAsyncDisposable
{
    /// <summary>The database, as a superuser.</summary>
    public abstract PostgresTarget Superuser { get; }

    /// <summary>Its server's major version.</summary>
    public abstract int Major { get; }

    /// <summary>For files; goes with it.</summary>
    public abstract string Folder { get; }

    /// <summary>The roles that were made for the copy; null where all are.</summary>
    public abstract IReadOnlySet<string>? Stubs { get; }

    /// <summary>Says that extensions are not to be had there.</summary>
    public abstract Message Lacks(string extensions);

    /// <summary>The database, as another role.</summary>
    public abstract Task<PostgresSession> OpenAsync(string role, CancellationToken cancellation);

    /// <summary>The database for programs that connect by themselves and may know nothing but TCP, as another role.</summary>
    /// <exception cref="InvalidOperationException">It stands on somebody's server, where no stub can log in.</exception>
    public virtual Task<PostgresTarget> AdmitAsync(string role, CancellationToken cancellation) =>
        throw new InvalidOperationException("programs are rehearsed on this machine only");

    public abstract ValueTask DisposeAsync();
}
