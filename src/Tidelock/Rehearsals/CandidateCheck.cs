using Npgsql;
using Tidelock.Checks;
using Tidelock.Contracts;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>What can be known of a new definition without reading a row: its columns, whether what depends on it and the declared queries fit, and what reading it would take.</summary>
internal sealed class CandidateCheck(ShadowGround ground, ViewMigration migration, CancellationToken cancellation)
{
    /// <summary>Planning takes milliseconds; who waits longer waits for a lock or a foreign server.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    private readonly string[] schemas = [migration.Name.Schema, "public"];

    /// <returns>What was found, and why the content must not be evaluated; null where it may be.</returns>
    /// <exception cref="TidelockException">The database cannot be reached.</exception>
    public async Task<(IReadOnlyList<CandidateFinding> Checks, Message? Obstacle)> RunAsync()
    {
        var name = Message.Of("contracts.candidate.definition", ("relation", migration.Name));
        await using var snapshot = new SharedSnapshot(ground.Open, ground.Reader, Limit, ground.Time, cancellation)
        {
            Temporary = ground.Change.Section<CompareOptions>().Temporary,
        };
        try
        {
            ground.Report(Message.Of("contracts.candidate.planning", ("relation", migration.Name)));
            var planner = await CandidatePlanner.JoinAsync(snapshot).ConfigureAwait(false);
            var (checks, obstacle) = await InAsync(planner, snapshot, name).ConfigureAwait(false);
            return ([.. checks, .. Unkept(snapshot)], obstacle);
        }
        catch (Exception e) when (snapshot.IsTimeout(e))
        {
            return Not(Message.Of("contracts.compare.timeout", ("limit", Limit)));
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return Not(
                Message.Of("contracts.compare.role", ("owner", ground.Reader ?? "-"), ("reason", e.MessageText))
            );
        }
        catch (PostgresException e)
        {
            return Not(Message.Of("contracts.compare.failed", ("state", e.SqlState), ("reason", e.MessageText)));
        }
        catch (NpgsqlException e)
        {
            return Not(Message.Of("contracts.compare.lost", ("reason", e.Message)));
        }

        (IReadOnlyList<CandidateFinding>, Message?) Not(Message reason) =>
            ([CandidateFinding.Unchecked(name, reason)], reason);
    }

    /// <summary>That the server does not keep the bound of temporary space, where something will be evaluated.</summary>
    private IEnumerable<CandidateFinding> Unkept(SharedSnapshot snapshot)
    {
        var options = ground.Change.Section<CompareOptions>();
        return
            snapshot.IsTemporaryKept
            || !(options.IsDeclared || ground.Change.Section<Contract>().Relation == migration.Name)
            ? []
            :
            [
                CandidateFinding.Unchecked(
                    Message.Of("contracts.candidate.temporary"),
                    ContentComparison.Unkept(options, snapshot)
                ),
            ];
    }

    private async Task<(IReadOnlyList<CandidateFinding>, Message?)> InAsync(
        CandidatePlanner planner,
        SharedSnapshot snapshot,
        Message name
    )
    {
        var checks = new List<CandidateFinding>();
        QueryPlan plan;
        try
        {
            plan = await planner.PlanAsync(migration.Definition.Text, schemas).ConfigureAwait(false);
            checks.AddRange(await ShapeAsync(planner).ConfigureAwait(false));
        }
        catch (PostgresException e)
            when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege && ground.Reader is not null)
        {
            return ([CandidateFinding.Broken(ViewWork.MayNot(e, migration.Name))], null);
        }
        catch (PostgresException e) when (CandidateQueries.IsOfDefinition(e.SqlState))
        {
            return (
                [CandidateFinding.Broken(new AuthorsSql(migration.Definition, CandidatePlanner.Prefix).Explain(e))],
                null
            );
        }

        var queries = new CandidateQueries(planner, migration.Name, Inlining(), ground.Before);
        foreach (var dependent in ground.Before?.Dependents ?? [])
        {
            checks.Add(await queries.DependentAsync(dependent).ConfigureAwait(false));
        }

        foreach (var (check, section) in Declared())
        {
            var label = Message.Of("contracts.candidate.query", ("section", section), ("check", check.Name));
            if (await queries.QueryAsync(label, check.Sql, ["public"]).ConfigureAwait(false) is { } found)
            {
                checks.Add(found);
            }
        }

        return (checks, await ObstacleAsync(planner, snapshot, plan).ConfigureAwait(false));
    }

    private CandidateText Inlining() => new(migration.Name, migration.Definition.Text, ground.Before?.Dependents ?? []);

    private IEnumerable<(SqlCheck Check, string Section)> Declared() =>
        ground
            .Change.Section<DownstreamChecks>()
            .Checks.Select(c => (c, "downstream"))
            .Concat(ground.Change.Section<SmokeChecks>().Checks.OfType<SqlCheck>().Select(c => (c, "smoke")));

    private async Task<IReadOnlyList<CandidateFinding>> ShapeAsync(CandidatePlanner planner)
    {
        var contract = ground.Change.Section<Contract>();
        if (contract.Relation != migration.Name)
        {
            return contract.Relation is { } other && (ground.Before?.Dependents ?? []).Any(d => d.Name == other)
                ?
                [
                    CandidateFinding.Unchecked(
                        Message.Of("contracts.candidate.contract", ("relation", other)),
                        Message.Of("contracts.candidate.of-dependent")
                    ),
                ]
                : [];
        }

        var (columns, open) = await planner.DescribeAsync(migration.Definition.Text, schemas).ConfigureAwait(false);
        var wanted = contract with
        {
            Columns =
            [
                .. contract.Columns.Select(c => open.Contains(c.Name) ? c with { Type = Unmodified(c.Type) } : c),
            ],
        };
        var drift = ShapeDrift.Find(wanted, columns);
        return drift.Count > 0
            ? [.. drift.Select(CandidateFinding.Broken)]
            :
            [
                CandidateFinding.Holds(
                    Message.Of("contracts.candidate.columns", ("relation", migration.Name), ("count", columns.Count))
                ),
            ];
    }

    /// <summary>A client is not told the modifier of such a type: <c>public.geometry(Point,4326)</c> is known as <c>public.geometry</c>.</summary>
    private static string Unmodified(string type)
    {
        var plain = type.StartsWith("interval", StringComparison.Ordinal) ? "interval" : type;
        var open = plain.IndexOf('(', StringComparison.Ordinal);
        var array = type.EndsWith("[]", StringComparison.Ordinal) ? "[]" : "";
        return (open > 0 ? plain[..open] : plain.Replace("[]", "", StringComparison.Ordinal)) + array;
    }

    private async Task<Message?> ObstacleAsync(CandidatePlanner planner, SharedSnapshot snapshot, QueryPlan @new)
    {
        var options = ground.Change.Section<CompareOptions>();
        QueryPlan[] plans = options.IsDeclared
            ? [await planner.PlanAsync($"table {migration.Name.Sql}", schemas).ConfigureAwait(false), @new]
            : [@new];
        var outside = await OutsideWork.OfAsync(planner, plans, schemas).ConfigureAwait(false);
        return outside.Unconsented(options.Evaluate)
            ?? EvaluationBounds.Exceeded(options, plans, snapshot.IsTemporaryKept);
    }
}
