using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Builds a closure beside the one that is there, in a schema of its own, and swaps the two under the lock: readers wait for a few
/// renames and not for a materialized view to be filled. Nothing of it can be seen before the transaction commits.
/// </summary>
/// <remarks>
/// A materialized view's data is that of the moment it was built: what a REFRESH a moment earlier would have given; where somebody refreshed the old one since, <see cref="RefreshedAsync"/> says so. PostgreSQL binds a
/// definition to what its names mean when it is created, so a definition is created here with names that mean the relations built
/// here, and what came of it is proven after the swap: <see cref="BesideProof"/>.
/// </remarks>
/// <param name="name">The relation whose closure it is.</param>
/// <param name="there">The closure that is there.</param>
/// <param name="wanted">What shall take its place.</param>
internal sealed class BesideBuild(RelationName name, RelationClosure there, RelationClosure wanted)
{
    private readonly string schema = $"tidelock_{Guid.NewGuid():N}";
    private readonly List<RestoreStatement> statisticsMoves = [];
    private List<(RelationName View, string Mark)> marks = [];

    /// <summary>Whether filling what is wanted would make readers wait.</summary>
    public static bool Pays(RelationClosure wanted) => wanted.All.SelectMany(ClosureRestore.Populate).Any();

    /// <summary>
    /// Whether it can be built beside: functions, policies and the like name the relations in texts of their own, and members of an
    /// extension cannot be moved out of their schema. Statistics objects can.
    /// </summary>
    public static bool Can(RelationClosure there, RelationClosure wanted) =>
        new[] { there, wanted }.All(c => (c.Objects ?? []).All(IsStatistics) && c.All.All(r => r.Extension is null));

    /// <summary>Builds and fills everything; takes no lock on what is there that outlasts it.</summary>
    /// <param name="open">The transaction.</param>
    /// <param name="createRelation">Creates the relation itself under the name it is given.</param>
    /// <param name="columns">The relation's columns, where they are others than in <c>wanted</c>.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <returns>Why it cannot be done so; nothing was built then.</returns>
    public async Task<Message?> BuildAsync(
        OpenTry open,
        Func<CapturedRelation, Task> createRelation,
        IReadOnlyCollection<string>? columns,
        CancellationToken cancellation
    )
    {
        marks = await MarksAsync(open, cancellation).ConfigureAwait(false);
        var texts = new OpenTexts(there, SearchPath, schema);
        var reason = await open.OrRolledBackAsync(
                name,
                async () =>
                {
                    await CreateAsync(open, texts, createRelation, columns, cancellation).ConfigureAwait(false);
                    var stray = await StrayAsync(open, cancellation).ConfigureAwait(false);
                    if (stray is null && texts.AnyReadBack)
                    {
                        // What was read back on other columns may mean something else here, and fail only for that.
                        await PopulateAsync(open, cancellation).ConfigureAwait(false);
                    }

                    return stray;
                },
                cancellation
            )
            .ConfigureAwait(false);
        if (reason is null && !texts.AnyReadBack)
        {
            await PopulateAsync(open, cancellation).ConfigureAwait(false);
        }

        return reason;
    }

    /// <summary>Which of the filled materialized views that are there, locked by now, somebody refreshed since before the build.</summary>
    public async Task<IReadOnlyList<RelationName>> RefreshedAsync(OpenTry open, CancellationToken cancellation)
    {
        var now = await MarksAsync(open, cancellation).ConfigureAwait(false);
        return now.Except(marks).Select(m => m.View).ToList();
    }

    /// <summary>Puts what was built in the place of what is there, which is locked by now.</summary>
    /// <returns>Why it cannot be done so; what is there is still there then, and what was built is gone.</returns>
    public async Task<Message?> SwapAsync(OpenTry open, CancellationToken cancellation)
    {
        var reason = await open.OrRolledBackAsync(
                name,
                async () =>
                {
                    await ViewWork.RunAsync(open, Swap(), cancellation).ConfigureAwait(false);
                    var lost = await BesideProof
                        .FailedAsync(open, name, wanted, schema, cancellation)
                        .ConfigureAwait(false);
                    await RunAsync(open, DropSchema, cancellation).ConfigureAwait(false);
                    return lost;
                },
                cancellation
            )
            .ConfigureAwait(false);
        if (reason is not null)
        {
            await DiscardAsync(open, cancellation).ConfigureAwait(false);
        }

        return reason;
    }

    /// <summary>Drops what was built.</summary>
    public async Task DiscardAsync(OpenTry open, CancellationToken cancellation)
    {
        var copies = wanted with
        {
            Relation = Copy(wanted.Relation),
            Dependents = wanted.Dependents.Select(Copy).ToList(),
            Objects = null,
        };
        await ViewWork.RunAsync(open, ClosureRestore.Drop(copies), cancellation).ConfigureAwait(false);
        await RunAsync(open, DropSchema, cancellation).ConfigureAwait(false);
    }

    private static bool IsStatistics(CapturedObject o) => o is { Kind: "statistics", Extension: null };

    private string DropSchema => $"drop schema {Identifiers.Quote(schema)}";

    private string SearchPath =>
        string.Join(
            ", ",
            there
                .All.Concat(wanted.All)
                .Select(r => r.Name.Schema)
                .Distinct(StringComparer.Ordinal)
                .Select(Identifiers.Quote)
        );

    /// <summary>
    /// Every REFRESH writes the catalog's row anew, also one with CONCURRENTLY, which leaves the file and changes rows in it; ANALYZE and
    /// VACUUM write it in place. Counters of what was written come late, and may be off.
    /// </summary>
    private Task<List<(RelationName View, string Mark)>> MarksAsync(OpenTry open, CancellationToken cancellation) =>
        open.Session.QueryAsync(
            """
            select n.nspname::text, c.relname::text, c.xmin::text || ' ' || c.relfilenode::text
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.oid = any (select pg_catalog.to_regclass(v) from unnest($1::text[]) v) order by 1, 2
            """,
            r => (new RelationName(r.GetString(0), r.GetString(1)), r.GetString(2)),
            cancellation,
            new NpgsqlParameter { Value = there.All.Where(r => r.IsFilled).Select(r => r.Name.Sql).ToArray() }
        );

    /// <summary>Without what is only attached in its place, because its text names the relation.</summary>
    private CapturedRelation Copy(CapturedRelation relation) =>
        relation with
        {
            Name = new RelationName(schema, relation.Name.Name),
            Indexes = [],
            Rules = [],
            Triggers = [],
        };

    private async Task CreateAsync(
        OpenTry open,
        OpenTexts texts,
        Func<CapturedRelation, Task> createRelation,
        IReadOnlyCollection<string>? columns,
        CancellationToken cancellation
    )
    {
        await RunAsync(open, $"create schema {Identifiers.Quote(schema)}", cancellation).ConfigureAwait(false);
        // Owners and grantors must reach it; nobody else can see it.
        await RunAsync(open, $"grant usage, create on schema {Identifiers.Quote(schema)} to public", cancellation)
            .ConfigureAwait(false);
        var dependents = await texts.DefinitionsAsync(open, wanted.Dependents, cancellation).ConfigureAwait(false);
        await createRelation(Copy(wanted.Relation)).ConfigureAwait(false);
        await WithNamesAsync(open, dependents.Select(Copy).SelectMany(ClosureRestore.Create), cancellation)
            .ConfigureAwait(false);
        await IndexAsync(open, cancellation).ConfigureAwait(false);
        await ViewWork
            .RunAsync(
                open,
                [
                    .. ClosureRestore.Attach(Copy(wanted.Relation), columns),
                    .. wanted.Dependents.Select(Copy).SelectMany(d => ClosureRestore.Attach(d)),
                ],
                cancellation
            )
            .ConfigureAwait(false);
    }

    /// <summary>Indexes and statistics objects.</summary>
    private async Task IndexAsync(OpenTry open, CancellationToken cancellation)
    {
        var copied = new CopiedTexts(open.Session, schema);
        foreach (var relation in wanted.All)
        {
            var copy = await copied.IndexesAsync(relation, cancellation).ConfigureAwait(false);
            await ViewWork.RunAsync(open, ClosureRestore.Indexes(copy), cancellation).ConfigureAwait(false);
        }

        statisticsMoves.Clear();
        foreach (var statistics in wanted.Objects ?? [])
        {
            var (copy, move) = await copied.StatisticsAsync(statistics, wanted.All, cancellation).ConfigureAwait(false);
            await ViewWork
                .RunAsync(open, copy.Creation.Select(sql => new RestoreStatement(sql, statistics)), cancellation)
                .ConfigureAwait(false);
            statisticsMoves.Add(new RestoreStatement(move, statistics));
        }
    }

    /// <summary>Fills what shall have data, and lets the planner know it: what was there had its statistics.</summary>
    private Task PopulateAsync(OpenTry open, CancellationToken cancellation) =>
        ViewWork.RunAsync(
            open,
            wanted.All.SelectMany(r =>
                ClosureRestore
                    .Populate(Copy(r))
                    .SelectMany(s => new[] { s, s with { Sql = $"analyze {Copy(r).Name.Sql}" } })
                    .Select(s => s with { For = r.Name })
            ),
            cancellation
        );

    /// <summary>Runs statements whose unqualified names mean what was built here before what is there.</summary>
    private async Task WithNamesAsync(
        OpenTry open,
        IEnumerable<RestoreStatement> statements,
        CancellationToken cancellation
    )
    {
        await RunAsync(
                open,
                $"set local search_path to {Identifiers.Quote(schema)}, {SearchPath}, pg_temp",
                cancellation
            )
            .ConfigureAwait(false);
        await ViewWork.RunAsync(open, statements, cancellation).ConfigureAwait(false);
        await RunAsync(open, "set local search_path to pg_catalog", cancellation).ConfigureAwait(false);
    }

    /// <summary>What was built must not hang on what is there: then it would show among its dependents.</summary>
    private Task<Message?> StrayAsync(OpenTry open, CancellationToken cancellation) =>
        open.LookAsync(
            name,
            async () =>
            {
                var read = await ClosureCapture.ReadAsync(open.Session, name, cancellation).ConfigureAwait(false);
                var differences = ClosureComparison.Differences(there, read.ClosureOrNull);
                return differences.Count == 0
                    ? null
                    : Message.Of(
                        "migrations.beside.refers",
                        ("things", string.Join(", ", differences.Take(5).Select(d => $"{d.Relation}: {d.What}")))
                    );
            },
            cancellation
        );

    private IEnumerable<RestoreStatement> Swap() =>
        [
            .. ClosureRestore.Drop(there),
            .. wanted.All.Select(r => ClosureRestore.Move(Copy(r), r.Name)),
            .. statisticsMoves,
            .. wanted.All.SelectMany(ClosureRestore.AttachRules),
        ];

    private Task RunAsync(OpenTry open, string sql, CancellationToken cancellation) =>
        open.ExecuteAsync(sql, name, cancellation);
}
