using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// A move that lets readers wait for a materialized view to be filled only where that was said beforehand: whoever started the run knew it.
/// Otherwise it is refused before any lock. A way back is never refused for that: what is in place is worse.
/// </summary>
/// <param name="move">What is done otherwise.</param>
/// <param name="said">What was said when the run was started.</param>
public sealed class AnnouncedMove(IMigrationMove move, IEnumerable<Message> said) : IMigrationMove
{
    public FilledUnderLock? UnderLock => move.UnderLock;

    public TimeSpan? Held => move.Held;

    public bool MustBeRepeated => move.MustBeRepeated;

    public Task<MovePreparation> PrepareAsync(PostgresSession session, CancellationToken cancellation) =>
        move.PrepareAsync(session, cancellation);

    public Task<bool> BuildAsync(OpenTry open, CancellationToken cancellation) => move.BuildAsync(open, cancellation);

    public async Task<Message?> ApplyAsync(OpenTry open, CancellationToken cancellation) =>
        move.UnderLock is { } fill && !said.Any(fill.IsForetoldIn)
            ? fill.Unannounced
            : await move.ApplyAsync(open, cancellation).ConfigureAwait(false);

    public Message Explain(PostgresException error, object? about) => move.Explain(error, about);
}
