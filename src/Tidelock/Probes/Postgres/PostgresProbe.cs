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
        var use = found is { Problem: null } ? uses.ToDictionary(u => u.Key, u => u.Value.Next(found.Statements)) : [];
        return
        [
            .. signals.Select(s =>
                s.Relation is null ? database.Of(s.Signal, s.Source)
                : found!.Problem is { } problem ? Sample.Error(s.Signal, now, problem)
                : OfRelation(s, use[s.Relation], now)
            ),
        ];
    }

    /// <summary>What is found of the statements is null where nobody asks for it.</summary>
    private async Task<(DatabaseLook Look, FoundStatements? Found)> LookAsync(
        PostgresSession session,
        CancellationToken cancellation
    )
    {
        var (look, count) = await AskAsync(session, cancellation).ConfigureAwait(false);
        schema = look.StatementsIn;
        if (statements is null)
        {
            return (look, null);
        }

        if (Unreadable(look, session.Target) is { } problem)
        {
            return (look, new FoundStatements([], problem));
        }

        // Only the first look does not know yet where the statements are counted.
        count ??= (await AskAsync(session, cancellation).ConfigureAwait(false)).Count;
        return (
            look,
            count is null
                ? new FoundStatements([], Message.Of("probes.postgres.not-loaded"))
                : new FoundStatements(
                    await statements.CompleteAsync(count, session, schema!, cancellation).ConfigureAwait(false)
                )
        );
    }

    private async Task<(DatabaseLook Look, StatementCount? Count)> AskAsync(
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
                ? (look, await statements!.ReadAsync(answer, cancellation).ConfigureAwait(false))
                : (look, null);
        }
        catch (PostgresException e)
            when (e.SqlState
                    is PostgresErrorCodes.ObjectNotInPrerequisiteState
                        or PostgresErrorCodes.UndefinedTable
                        or PostgresErrorCodes.UndefinedFunction
                        or PostgresErrorCodes.InvalidSchemaName
            )
        {
            return (look, null);
        }
    }

    private static Message? Unreadable(DatabaseLook look, PostgresTarget target) =>
        look.StatementsIn is null ? Message.Of("probes.postgres.not-installed", ("database", target.Database))
        : !look.SeesStatements ? Message.Of("probes.postgres.no-privilege", ("user", target.User))
        : null;

    private static Sample OfRelation(
        PostgresProbeOptions signal,
        (StatementCounters Added, double Seconds)? use,
        DateTimeOffset now
    )
    {
        if (use is not var (added, seconds))
        {
            return Sample.NoData(signal.Signal, now, Message.Of("probes.postgres.first-look"));
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
