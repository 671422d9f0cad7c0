using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Probes.Postgres;

/// <summary>All signals that come from the database's own statistics: over one connection, and but for the first look in one round trip.</summary>
internal sealed class PostgresProbe : IProbe
{
    private readonly IReadOnlyList<PostgresProbeOptions> signals;
    private readonly ProbeContext context;
    private readonly PostgresLink link;
    private readonly CounterRates rates;
    private readonly StatementStatistics? statements;
    private readonly Dictionary<RelationName, RelationUse> uses;
    private string? schema;

    public PostgresProbe(IReadOnlyList<PostgresProbeOptions> signals, ProbeContext context)
    {
        (this.signals, this.context) = (signals, context);
        link = new PostgresLink(context, PostgresLink.ReadOnly(context.Timeout));
        rates = new CounterRates(context.Time);
        var relations = signals.Select(s => s.Relation).OfType<RelationName>().Distinct().ToList();
        uses = relations.ToDictionary(r => r, r => new RelationUse(r, context.Time));
        statements =
            relations.Count == 0
                ? null
                : new StatementStatistics(
                    [.. relations.Select(r => r.Name).Distinct(StringComparer.Ordinal)],
                    context.Time
                );
    }

    public IReadOnlyList<string> Signals => [.. signals.Select(s => s.Signal)];

    public Task<IReadOnlyList<Sample>> ReadAsync(CancellationToken cancellation) =>
        link.UseAsync(ReadAsync, cancellation);

    public ValueTask DisposeAsync() => link.DisposeAsync();

    private async Task<IReadOnlyList<Sample>> ReadAsync(PostgresSession session, CancellationToken cancellation)
    {
        var (look, found) = await LookAsync(session, cancellation).ConfigureAwait(false);
        var now = context.Time.GetUtcNow();
        var database = new DatabaseSample(look, rates.Next(look), session.Target, now);
        var use = found is { Problem: null }
            ? uses.ToDictionary(u => u.Key, u => u.Value.Next(found.Statements, found.Missing is null))
            : [];
        return
        [
            .. signals.Select(s =>
                s.Relation is null ? database.Of(s.Signal, s.Source)
                : found!.Problem is { } problem ? Sample.Error(s.Signal, now, problem)
                : OfRelation(s, use[s.Relation], found.Missing, now)
            ),
        ];
    }

    /// <summary>What is found of the statements is null where nobody asks for it.</summary>
    private async Task<(DatabaseLook Look, FoundStatements? Found)> LookAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var (look, count, problem) = await AskAsync(session, cancellation).ConfigureAwait(false);
        schema = look.StatementsIn;
        if (statements is null)
        {
            return (look, null);
        }

        if (Unreadable(look, session.Target) is { } unreadable)
        {
            return (look, new FoundStatements([], unreadable));
        }

        if (count is null)
        {
            // Only the first look does not know yet where the statements are counted.
            (_, count, problem) = await AskAsync(session, cancellation).ConfigureAwait(false);
        }

        return (
            look,
            count is null
                ? new FoundStatements([], problem ?? Message.Of("probes.postgres.not-loaded"))
                : await CompleteAsync(count, session, cancellation).ConfigureAwait(false)
        );
    }

    private async Task<FoundStatements> CompleteAsync(
        StatementCount count,
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        try
        {
            return
                await statements!.CompleteAsync(count, session, schema!, cancellation).ConfigureAwait(false) is { } all
                ? new FoundStatements(all)
                : new FoundStatements(count.Known, Missing: Message.Of("probes.postgres.texts-not-due"));
        }
        catch (PostgresException e) when (Refused(e, session.Target) is { } problem)
        {
            return new FoundStatements([], problem);
        }
    }

    /// <summary>The statements' count is null where they cannot be counted; with the reason where the server says one.</summary>
    private async Task<(DatabaseLook Look, StatementCount? Count, Message? Problem)> AskAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(DatabaseLook.Sql));
        if (statements is not null && schema is not null)
        {
            batch.BatchCommands.Add(statements.Question(schema));
        }

        await using var answer = await batch.ExecuteReaderAsync(cancellation).ConfigureAwait(false);
        await answer.ReadAsync(cancellation).ConfigureAwait(false);
        var look = DatabaseLook.Of(answer);
        try
        {
            return await answer.NextResultAsync(cancellation).ConfigureAwait(false)
                ? (look, await statements!.ReadAsync(answer, cancellation).ConfigureAwait(false), null)
                : (look, null, null);
        }
        catch (PostgresException e) when (Refused(e, session.Target) is { } problem)
        {
            return (look, null, problem);
        }
    }

    /// <summary>Why the server does not tell of statements; null where it is something else that fails.</summary>
    private static Message? Refused(PostgresException e, PostgresTarget target) =>
        e.SqlState switch
        {
            PostgresErrorCodes.ObjectNotInPrerequisiteState
            or PostgresErrorCodes.UndefinedTable
            or PostgresErrorCodes.UndefinedFunction
            or PostgresErrorCodes.InvalidSchemaName => Message.Of("probes.postgres.not-loaded"),
            PostgresErrorCodes.UndefinedColumn => Message.Of("probes.postgres.outdated", ("database", target.Database)),
            PostgresErrorCodes.InsufficientPrivilege => Message.Of(
                "probes.postgres.refused",
                ("user", target.User),
                ("reason", e.MessageText)
            ),
            _ => null,
        };

    private static Message? Unreadable(DatabaseLook look, PostgresTarget target) =>
        look.StatementsIn is null ? Message.Of("probes.postgres.not-installed", ("database", target.Database))
        : !look.SeesStatements ? Message.Of("probes.postgres.no-privilege", ("user", target.User))
        : null;

    private static Sample OfRelation(
        PostgresProbeOptions signal,
        (StatementCounters Added, double Seconds)? use,
        Message? missing,
        DateTimeOffset now
    )
    {
        if (use is not var (added, seconds))
        {
            return Sample.NoData(signal.Signal, now, missing ?? Message.Of("probes.postgres.first-look"));
        }

        if (signal.Source is PostgresSignal.Calls)
        {
            return Sample.Of(signal.Signal, now, added.Calls / seconds);
        }

        return added.Calls == 0
            ? Sample.NoData(signal.Signal, now, Message.Of("probes.postgres.not-read", ("relation", signal.Relation)))
            : Sample.Of(
                signal.Signal,
                now,
                (signal.Source is PostgresSignal.MeanTime ? added.Seconds : added.Rows) / added.Calls,
                added.Calls
            );
    }
}
