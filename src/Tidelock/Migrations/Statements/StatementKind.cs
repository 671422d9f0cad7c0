using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Migrations.Statements;

/// <summary>
/// What a statement does, as far as the catalogs can tell afterwards whether it was done. All its questions are read-only and are asked
/// on a session that has the settings of the file, because names mean what its search_path says.
/// </summary>
internal abstract record StatementKind
{
    /// <summary>
    /// Whether its own waits stall neither readers nor writers, and a wait cut short would leave something half done: then only the
    /// total of all waits is bounded.
    /// </summary>
    public virtual bool WaitsHarmlessly => false;

    /// <summary>Whether a part of it may be committed although it failed, and nobody can tell which.</summary>
    public virtual bool LeavesHalf => false;

    /// <summary>What is said where <see cref="HalfDoneAsync"/> finds something.</summary>
    public virtual string HalfCode => "migrations.statements.half-dropped";

    /// <summary>Whether it only sets up the session, so that every new session needs it again.</summary>
    public virtual bool IsSetting => false;

    /// <summary>Whether the catalogs show that it was done, so that the server's word alone is not taken for it.</summary>
    public virtual bool IsSeen => false;

    /// <summary>The ids of what it is about, as they are before it begins; journaled with the intent.</summary>
    public virtual Task<IReadOnlyList<long>> BeforeAsync(PostgresSession session, CancellationToken cancellation) =>
        Task.FromResult<IReadOnlyList<long>>([]);

    /// <summary>Why it must not be begun as things are; null when it may.</summary>
    public virtual Task<Message?> RefusalAsync(PostgresSession session, CancellationToken cancellation) =>
        Task.FromResult<Message?>(null);

    /// <summary>Whether a way back finds nothing to do here, because the way there never came so far.</summary>
    public virtual bool IsUndone(IReadOnlyList<long> before) => false;

    /// <summary>What became of it once nobody runs it any more.</summary>
    public abstract Task<StatementFate> FateAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    );

    /// <summary>What a cut-off or failed try changed for good, as SQL names: it is not undone by itself.</summary>
    public virtual Task<IReadOnlyList<string>> HalfDoneAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<string>>([]);

    /// <summary>What to run now: another statement where only a half is left to do.</summary>
    public virtual Task<string> SqlAsync(
        SqlStatement statement,
        PostgresSession session,
        CancellationToken cancellation
    ) => Task.FromResult(statement.Text);

    /// <summary>Invalid indexes that a try of it left behind.</summary>
    public virtual Task<IReadOnlyList<InvalidIndex>> LeftoversAsync(
        PostgresSession session,
        IReadOnlyList<long> before,
        CancellationToken cancellation
    ) => Task.FromResult<IReadOnlyList<InvalidIndex>>([]);

    /// <summary>The kind of a statement; <see cref="OtherStatement"/> for what is not recognised.</summary>
    public static StatementKind Of(SqlStatement statement) =>
        IndexCreation.Read(statement)
        ?? IndexDrop.Read(statement)
        ?? Reindexing.Read(statement)
        ?? EnumValue.Read(statement)
        ?? Upkeep.Read(statement)
        ?? PartitionDetachment.Read(statement)
        ?? ConstraintValidation.Read(statement)
        ?? PartitionAttachment.Read(statement)
        ?? StorageSetting.Read(statement)
        ?? (StatementKind?)SessionSetting.Read(statement)
        ?? OtherStatement.Read(statement);

    private protected static async Task<IReadOnlyList<long>> IdsAsync(
        PostgresSession session,
        string sql,
        CancellationToken cancellation,
        params object[] arguments
    ) =>
        await session
            .QueryAsync(
                sql,
                r => r.GetInt64(0),
                cancellation,
                [.. arguments.Select(a => new NpgsqlParameter { Value = a })]
            )
            .ConfigureAwait(false);
}

/// <summary>What became of a statement.</summary>
internal enum StatementFate
{
    Done,

    /// <summary>It took no effect, or one that running it again completes.</summary>
    NotDone,

    /// <summary>The catalogs cannot say.</summary>
    Unknown,
}
