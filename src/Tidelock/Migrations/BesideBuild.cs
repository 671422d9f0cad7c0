using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Texts;

namespace Tidelock.Migrations;

/// <summary>
/// Builds a closure beside the one that is there, in schemas of its own, and swaps the two under the lock: readers wait for a few
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
    private readonly BesideSchemas schemas = new(there, wanted);
    private readonly List<RestoreStatement> statisticsMoves = [];
    private List<(RelationName View, string Mark)> marks = [];

    /// <summary>What PostgreSQL refused to build, by its own name; null for nothing.</summary>
    public object? Refused { get; private set; }

    /// <summary>Whether filling what is wanted would make readers wait.</summary>
    public static bool Pays(RelationClosure wanted) => wanted.All.Any(r => r.IsFilled);

    /// <summary>That readers wait for it after all, and why.</summary>
    public static FilledUnderLock UnderLock(RelationName name, RelationClosure wanted, Message reason) =>
        new(name, wanted.All.Where(r => r.IsFilled).Select(r => r.Name).ToList(), reason);

    /// <summary>Why it cannot even be begun: members of an extension cannot be moved out of their schema. Null when it can.</summary>
    public static Message? Obstacle(RelationClosure there, RelationClosure wanted)
    {
        var members = there.All.Concat(wanted.All).Where(r => r.Extension is not null).ToList();
        return members.Count == 0
            ? null
            : Message.Of(
                "migrations.beside.members",
                (
                    "members",
                    string.Join(", ", members.Select(r => $"{r.Name} ({r.Extension})").Distinct(StringComparer.Ordinal))
                )
            );
    }

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
        var texts = new OpenTexts(there, schemas);
        var reason = await open.OrRolledBackAsync(
                name,
                async () =>
                {
                    var stray =
                        await CreateAsync(open, texts, createRelation, columns, cancellation).ConfigureAwait(false)
                        ?? await StrayAsync(open, cancellation).ConfigureAwait(false);
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
        Refused =
            reason?.Code != "migrations.beside.refused" ? null
            : open.Doing is RelationName copy ? schemas.Source(copy)
            : open.Doing;
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
    /// <returns>Why it cannot be done so; what is there is still there then.</returns>
    public Task<Message?> SwapAsync(OpenTry open, CancellationToken cancellation) =>
        open.OrRolledBackAsync(
            name,
            async () =>
            {
                await ViewWork.RunAsync(open, Swap(), cancellation).ConfigureAwait(false);
                var lost = await BesideProof
                    .FailedAsync(open, name, wanted, schemas.Any, cancellation)
                    .ConfigureAwait(false);
                await DropSchemasAsync(open, cancellation).ConfigureAwait(false);
                return lost;
            },
            cancellation
        );

    private Task DropSchemasAsync(OpenTry open, CancellationToken cancellation) =>
        RunAsync(open, $"drop schema {string.Join(", ", schemas.Copies.Select(Identifiers.Quote))}", cancellation);

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
            Name = schemas.Copy(relation.Name),
            Indexes = [],
            Rules = [],
            Triggers = [],
        };

    private async Task<Message?> CreateAsync(
        OpenTry open,
        OpenTexts texts,
        Func<CapturedRelation, Task> createRelation,
        IReadOnlyCollection<string>? columns,
        CancellationToken cancellation
    )
    {
        foreach (var schema in schemas.Copies.Select(Identifiers.Quote))
        {
            await RunAsync(open, $"create schema {schema}", cancellation).ConfigureAwait(false);
            // Owners and grantors must reach it; nobody else can see it.
            await RunAsync(open, $"grant usage, create on schema {schema} to public", cancellation)
                .ConfigureAwait(false);
        }

        var dependents = await texts.DefinitionsAsync(open, wanted.Dependents, cancellation).ConfigureAwait(false);
        if (dependents.Contains(null))
        {
            var names = wanted.Dependents.Where((_, i) => dependents[i] is null).Select(d => d.Name);
            return Message.Of("migrations.beside.namesakes", ("views", string.Join(", ", names)));
        }

        await createRelation(Copy(wanted.Relation)).ConfigureAwait(false);
        foreach (var dependent in dependents)
        {
            await WithNamesAsync(open, dependent!, cancellation).ConfigureAwait(false);
        }

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
        return null;
    }

    /// <summary>Indexes and statistics objects.</summary>
    private async Task IndexAsync(OpenTry open, CancellationToken cancellation)
    {
        var copied = new CopiedTexts(open.Session, schemas);
        foreach (var relation in wanted.All)
        {
            var copy = await copied.IndexesAsync(relation, cancellation).ConfigureAwait(false);
            await ViewWork.RunAsync(open, ClosureRestore.Indexes(copy), cancellation).ConfigureAwait(false);
        }

        statisticsMoves.Clear();
        foreach (var statistics in (wanted.Objects ?? []).Where(o => o.IsStatistics))
        {
            var (copy, move) = await copied.StatisticsAsync(statistics, wanted.All, cancellation).ConfigureAwait(false);
            await ViewWork
                .RunAsync(open, copy.Creation.Select(sql => new RestoreStatement(sql, statistics)), cancellation)
                .ConfigureAwait(false);
            statisticsMoves.Add(new RestoreStatement(move, statistics));
        }
    }

    private Task PopulateAsync(OpenTry open, CancellationToken cancellation) =>
        ViewWork.RunAsync(
            open,
            wanted.All.SelectMany(r => ClosureRestore.Populate(Copy(r)).Select(s => s with { For = r.Name })),
            cancellation
        );

    /// <summary>Creates a dependent whose unqualified names mean what was built here before what is there.</summary>
    private async Task WithNamesAsync(OpenTry open, OpenText dependent, CancellationToken cancellation)
    {
        await RunAsync(open, $"set local search_path to {schemas.Path(dependent.Order)}", cancellation)
            .ConfigureAwait(false);
        await ViewWork
            .RunAsync(open, ClosureRestore.Create(Copy(dependent.Relation)), cancellation)
            .ConfigureAwait(false);
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
                    : await BoundAsync(open, cancellation).ConfigureAwait(false)
                        ?? Message.Of(
                            "migrations.beside.refers",
                            ("things", string.Join(", ", differences.Take(5).Select(d => $"{d.Relation}: {d.What}")))
                        );
            },
            cancellation
        );

    /// <summary>Which of what was built needs which of what it replaces: a function that reads a relation of the closure, most often.</summary>
    private async Task<Message?> BoundAsync(OpenTry open, CancellationToken cancellation)
    {
        string[] Objects(params string[] kinds) =>
            (there.Objects ?? [])
                .Where(o => kinds.Contains(o.Kind, StringComparer.Ordinal))
                .Select(o => o.Name)
                .ToArray();
        var bound = await open
            .Session.QueryAsync(
                SqlText.Beside<OpenTry>("Bound"),
                r => $"{schemas.Source(new RelationName(r.GetString(0), r.GetString(1)))}: {r.GetString(2)}",
                cancellation,
                new NpgsqlParameter { Value = schemas.Copies.ToArray() },
                new NpgsqlParameter { Value = there.All.Select(r => r.Name.Sql).ToArray() },
                new NpgsqlParameter { Value = Objects("function", "procedure") },
                new NpgsqlParameter { Value = Objects("domain") }
            )
            .ConfigureAwait(false);
        return bound.Count == 0
            ? null
            : Message.Of("migrations.beside.bound", ("things", string.Join(", ", bound.Take(5))));
    }

    /// <summary>Functions, policies and the like name the relations in texts of their own, so they are put back in their place, when the relations are there.</summary>
    private IEnumerable<RestoreStatement> Swap() =>
        [
            .. ClosureRestore.Drop(there),
            .. wanted.All.Select(r => ClosureRestore.Move(Copy(r), r.Name)),
            .. statisticsMoves,
            .. ClosureRestore.CreateObjects(wanted).Where(s => s.For is CapturedObject { IsStatistics: false }),
            .. wanted.All.SelectMany(ClosureRestore.AttachRules),
        ];

    private Task RunAsync(OpenTry open, string sql, CancellationToken cancellation) =>
        open.ExecuteAsync(sql, name, cancellation);
}
