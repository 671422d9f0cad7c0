using Npgsql;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>A new definition evaluated in full on the real data: against the content that is there, and for the contract's nulls, keys and rules.</summary>
internal sealed class CandidateContent(ShadowGround ground, ViewMigration migration, CancellationToken cancellation)
{
    private readonly CompareOptions options = ground.Change.Section<CompareOptions>();
    private readonly Contract contract = ground.Change.Section<Contract>();
    private readonly ContentSide side = ContentSide.Inlined(migration.Definition.Text, migration.Name.Schema, "public");

    private readonly long start = ground.Time.GetTimestamp();

    private bool HasContract => contract.Relation == migration.Name;

    /// <param name="obstacle">Why nothing may be evaluated; null where it may.</param>
    public async Task<(ContentFindings? Compared, IReadOnlyList<CandidateFinding> Checks)> RunAsync(Message? obstacle)
    {
        if (obstacle is not null)
        {
            return (null, Unchecked(obstacle));
        }

        var (compared, counts) = await CompareAsync().ConfigureAwait(false);
        try
        {
            return (compared, HasContract ? await ContractAsync(compared, counts).ConfigureAwait(false) : []);
        }
        catch (Exception e) when (e is StandbyException || ConnectionLoss.IsLoss(e))
        {
            if (await OfStandbyAsync(e).ConfigureAwait(false) is not { } problem)
            {
                throw;
            }

            return (compared, Unchecked(problem));
        }
    }

    /// <summary>What is the matter with the standby; null where it is the server itself that was lost: then all is asked again once it is back.</summary>
    private async Task<Message?> OfStandbyAsync(Exception lost)
    {
        if (lost is StandbyException known)
        {
            return known.Problem;
        }

        try
        {
            await using var session = await ground.OpenContent(cancellation).ConfigureAwait(false);
            var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
            return identity.InRecovery ? Message.Of("contracts.compare.standby-lost", ("reason", lost.Message)) : null;
        }
        catch (StandbyException e)
        {
            return e.Problem;
        }
    }

    /// <summary>All that is not tried, each by its name.</summary>
    public IReadOnlyList<CandidateFinding> Unchecked(Message reason) =>
        HasContract
            ?
            [
                .. contract
                    .Rules.Select(NameOf)
                    .Prepend(Message.Of("contracts.check.content"))
                    .Select(n => CandidateFinding.Unchecked(n, reason)),
            ]
            : [];

    private async Task<(ContentFindings?, IReadOnlyList<long>?)> CompareAsync()
    {
        if (!options.IsDeclared)
        {
            return (null, null);
        }

        // A sample's counts would be those of a part.
        var isCounted = HasContract && options.Sample is null;
        var comparison = new ContentComparison(options, ground.OpenContent, ground.Time, ground.Report)
        {
            Also = isCounted ? ContentEvaluation.Counts(contract) : [],
        };
        var (findings, counts) = await comparison
            .CompareAsync(migration.Name, ground.Reader, ContentSide.Of(migration.Name), side, cancellation)
            .ConfigureAwait(false);

        // The comparison reads what both sides have; what is new has not been evaluated yet.
        var isEvaluated = isCounted && findings.Columns.All(c => c.Standing != ContentStanding.Added);
        return (findings, isEvaluated ? counts : null);
    }

    private async Task<IReadOnlyList<CandidateFinding>> ContractAsync(
        ContentFindings? compared,
        IReadOnlyList<long>? counts
    )
    {
        await using var session = await ground.OpenContent(cancellation).ConfigureAwait(false);
        var left = options.Within - ground.Time.GetElapsedTime(start);
        if (left <= TimeSpan.Zero)
        {
            return Unchecked(Message.Of("contracts.candidate.unreached", ("limit", options.Within)));
        }

        var read = new BoundedRead(session, left, ground.Time) { Role = ground.Reader, Temporary = options.Temporary };
        ground.Report(Message.Of("contracts.candidate.reading", ("relation", migration.Name)));
        var (violations, rows) = counts is not null
            ? (ContentEvaluation.Violations(contract, migration.Name, counts).ToList(), compared!.NewRows)
            : await ContentEvaluation
                .RunAsync(read, contract, migration.Name, side, cancellation)
                .ConfigureAwait(false);
        var checks =
            violations.Count > 0
                ? violations.ConvertAll(CandidateFinding.Broken)
                : [CandidateFinding.Holds(Message.Of("contracts.candidate.content", ("rows", rows)))];
        var text = new CandidateText(migration.Name, migration.Definition.Text, ground.Before?.Dependents ?? []);
        foreach (var rule in contract.Rules)
        {
            checks.Add(await RuleAsync(read, text, rule).ConfigureAwait(false));
        }

        return checks;
    }

    private async Task<CandidateFinding> RuleAsync(BoundedRead read, CandidateText text, ContractRule rule)
    {
        var sql = ViewDefinition.WithoutSemicolon(rule.Sql);
        if (!ViewDefinition.IsQuery(sql) || text.Inline(sql) is not { } inlined)
        {
            return CandidateFinding.Unchecked(NameOf(rule), Message.Of("contracts.candidate.not-inlined"));
        }

        if (read.IsOver)
        {
            return CandidateFinding.Unchecked(
                NameOf(rule),
                Message.Of("contracts.candidate.unreached", ("limit", options.Within))
            );
        }

        if (await ExceededAsync(read, inlined.Sql).ConfigureAwait(false) is { } exceeded)
        {
            return CandidateFinding.Unchecked(NameOf(rule), exceeded);
        }

        var broken = await ContractVerifier
            .RuleAsync(read, migration.Name, rule with { Sql = inlined.Sql }, cancellation)
            .ConfigureAwait(false);
        return broken switch
        {
            null => CandidateFinding.Holds(Message.Of("contracts.candidate.rule", ("rule", rule.Name))),
            { Code: "contracts.rule.broken" } => CandidateFinding.Broken(broken),
            _ when broken.Arguments.TryGetValue("state", out var state) && IsOfRule(state) => CandidateFinding.Broken(
                broken
            ),
            _ => CandidateFinding.Unchecked(NameOf(rule), broken),
        };
    }

    /// <summary>Whether what is really run, the rule over the inlined definition, is estimated to take too much; what cannot be planned says so itself when it is run.</summary>
    private async Task<Message?> ExceededAsync(BoundedRead read, string sql)
    {
        try
        {
            var (plan, isKept) = await read.RunAsync(
                    [migration.Name.Schema, "public"],
                    async token =>
                    {
                        var memory = await read
                            .Session.ScalarAsync<long>("select pg_size_bytes(current_setting('work_mem'))", token)
                            .ConfigureAwait(false);
                        var rows = await read.RowsAsync(CandidatePlanner.Prefix + sql, int.MaxValue, token)
                            .ConfigureAwait(false);
                        return (
                            QueryPlan.Parse(string.Join('\n', rows.Rows.Select(r => r[0])), memory),
                            read.IsTemporaryKept
                        );
                    },
                    cancellation
                )
                .ConfigureAwait(false);
            return EvaluationBounds.Exceeded(options, [plan], isKept);
        }
        catch (Exception e)
            when (e is TimeoutException || (e is PostgresException p && !ConnectionLoss.EndsSession(p.SqlState)))
        {
            return null;
        }
    }

    /// <summary>A column or relation that is not there, or a value that cannot be worked out; that a type is not found may be the inlining's fault.</summary>
    private static bool IsOfRule(string state) =>
        state
            is PostgresErrorCodes.UndefinedColumn
                or PostgresErrorCodes.UndefinedTable
                or PostgresErrorCodes.SyntaxError
        || state.StartsWith("22", StringComparison.Ordinal);

    private static Message NameOf(ContractRule rule) => Message.Of("contracts.check.rule", ("rule", rule.Name));
}
