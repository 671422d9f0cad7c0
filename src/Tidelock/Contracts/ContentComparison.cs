using System.Text.Json;
using Npgsql;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>
/// Compares the old content of a relation with the new one: both sides in one snapshot, each on a connection of its own, at the same time.
/// Changes nothing. See docs/content-comparison.md.
/// </summary>
/// <param name="options">What may differ.</param>
/// <param name="open">Opens a session of the database; called two or three times.</param>
/// <param name="time">The clock of the limit.</param>
/// <param name="report">Told what is being done.</param>
internal sealed class ContentComparison(
    CompareOptions options,
    Func<CancellationToken, Task<PostgresSession>> open,
    TimeProvider time,
    Action<Message> report
)
{
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    /// <summary>Counts that are taken of the new side on the way: SQL over <see cref="ContentSide.Row"/>.</summary>
    public IReadOnlyList<string> Also { get; init; } = [];

    /// <summary>Whether rows are also matched where nothing differs but what may, to say in how many it does.</summary>
    public bool CountsAllowed { get; init; } = true;

    /// <param name="relation">What it is about.</param>
    /// <param name="owner">The role as which both sides are read; null for the one that logged in.</param>
    /// <param name="old">What was there.</param>
    /// <param name="new">What will be there, or is.</param>
    /// <param name="cancellation">Ends the reading.</param>
    /// <returns>What was found, with <see cref="Also"/>'s counts where both sides could be read.</returns>
    /// <exception cref="TidelockException">The database cannot be reached.</exception>
    public async Task<(ContentFindings Findings, IReadOnlyList<long>? Also)> CompareAsync(
        RelationName relation,
        string? owner,
        ContentSide old,
        ContentSide @new,
        CancellationToken cancellation
    )
    {
        var start = time.GetTimestamp();
        var findings = new ContentFindings(relation, options.Key) { Rows = options.Rows, Sample = options.Sample };
        await using var snapshot = new SharedSnapshot(open, owner, options.Within, time, cancellation)
        {
            Temporary = options.Temporary,
        };
        IReadOnlyList<long>? also = null;
        try
        {
            (findings, also) = await TellingAsync(InAsync(snapshot, findings, old, @new), relation, start)
                .ConfigureAwait(false);
        }
        catch (Exception e) when (snapshot.IsTimeout(e))
        {
            findings = findings with { Problem = Message.Of("contracts.compare.timeout", ("limit", options.Within)) };
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            findings = findings with
            {
                Problem = Message.Of("contracts.compare.role", ("owner", owner ?? "-"), ("reason", e.MessageText)),
            };
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ConfigurationLimitExceeded)
        {
            findings = findings with { Problem = Message.Of("contracts.compare.temporary", ("reason", e.MessageText)) };
        }
        catch (PostgresException e)
        {
            findings = findings with
            {
                Problem = Message.Of("contracts.compare.failed", ("state", e.SqlState), ("reason", e.MessageText)),
            };
        }
        catch (StandbyException e)
        {
            findings = findings with { Problem = e.Problem };
        }
        catch (NpgsqlException e)
        {
            findings = findings with { Problem = Message.Of("contracts.compare.lost", ("reason", e.Message)) };
        }

        findings = findings with
        {
            Took = time.GetElapsedTime(start),
            Note = snapshot.IsTemporaryKept ? null : Unkept(options, snapshot),
        };
        return (findings, also);
    }

    /// <summary>That only the estimate bounds the temporary space, and whom to give what right.</summary>
    public static Message Unkept(CompareOptions options, SharedSnapshot snapshot) =>
        Message.Of(
            "contracts.compare.temporary-unkept",
            ("limit", options.Temporary >> 20),
            ("role", Identifiers.Quote(snapshot.Login))
        );

    private async Task<(ContentFindings, IReadOnlyList<long>?)> InAsync(
        SharedSnapshot snapshot,
        ContentFindings findings,
        ContentSide old,
        ContentSide @new
    )
    {
        var one = await snapshot.JoinAsync(old.Schemas).ConfigureAwait(false);
        var other = await snapshot.JoinAsync(@new.Schemas).ConfigureAwait(false);
        var (columns, mistake) = ContentColumns.Of(
            options,
            await old.ColumnsAsync(one, snapshot.Token).ConfigureAwait(false),
            await @new.ColumnsAsync(other, snapshot.Token).ConfigureAwait(false)
        );
        if (columns is null)
        {
            return (findings with { Problem = mistake }, null);
        }

        report(
            Message.Of(
                "contracts.compare.digesting",
                ("relation", findings.Relation),
                ("old", await EstimateAsync(one, old, snapshot.Token).ConfigureAwait(false)),
                ("new", await EstimateAsync(other, @new, snapshot.Token).ConfigureAwait(false)),
                ("limit", options.Within)
            )
        );
        var (before, after) = await BothAsync(
                snapshot,
                DigestAsync(one, old, columns, [], snapshot),
                DigestAsync(other, @new, columns, Also, snapshot)
            )
            .ConfigureAwait(false);
        findings = findings with
        {
            OldRows = before.Rows,
            NewRows = after.Rows,
            Sampled = options.Sample is null ? null : Math.Max(before.Sampled, after.Sampled),
            Columns = Standings(columns, before, after),
        };
        var keys = new ContentKeys(findings.KeyText, columns, snapshot.Token);
        if (await keys.ProblemAsync((one, old, before), (other, @new, after)).ConfigureAwait(false) is { } problem)
        {
            return (findings with { Problem = problem }, after.Also);
        }

        if (findings.Sampled == 0 && before.Rows + after.Rows > 0)
        {
            return (findings with { Problem = Message.Of("contracts.compare.sample-empty") }, after.Also);
        }

        var keysDiffer = before.Keys != after.Keys || before.Rows != after.Rows;
        var differing = Differing(findings);
        if (!keysDiffer && (differing.Count == 0 || (!CountsAllowed && findings.AsDeclared)))
        {
            return (findings, after.Also);
        }

        // What only differs where it may is not worth another evaluation: a change that is allowed passes, stable or not.
        report(Message.Of("contracts.compare.matching", ("relation", findings.Relation), ("key", findings.KeyText)));
        var again =
            keysDiffer || findings.Columns.Any(c => !c.IsAllowed && c.Standing == ContentStanding.Changed)
                ? DigestAgainAsync(snapshot, old, columns)
                : Task.FromResult(before);
        var (match, second) = await BothAsync(
                snapshot,
                ContentMatch.ReadAsync(
                    @new.IsInlined ? other : one,
                    old,
                    @new,
                    columns,
                    differing,
                    options.Sample,
                    snapshot.Token
                ),
                again
            )
            .ConfigureAwait(false);
        var isStable = second.Keys == before.Keys && second.Rows == before.Rows;
        return isStable && match.OnlyOld + match.OnlyNew > 0 == keysDiffer
            ? (Matched(findings, differing, match, Unstable(columns, before, second)), after.Also)
            : (findings with { Problem = Message.Of("contracts.compare.rows-unstable") }, after.Also);
    }

    /// <summary>Says now and then how long it has taken, and so how long the snapshot keeps vacuum from its work.</summary>
    private async Task<T> TellingAsync<T>(Task<T> work, RelationName relation, long start)
    {
        while (
            await Task.WhenAny(work, Task.Delay(TellEvery, time, CancellationToken.None)).ConfigureAwait(false) != work
        )
        {
            report(
                Message.Of(
                    "contracts.compare.goes-on",
                    ("relation", relation),
                    ("took", time.GetElapsedTime(start)),
                    ("limit", options.Within)
                )
            );
        }

        return await work.ConfigureAwait(false);
    }

    /// <summary>How many rows PostgreSQL expects.</summary>
    private static async Task<long> EstimateAsync(
        PostgresSession session,
        ContentSide side,
        CancellationToken cancellation
    )
    {
        await using var batch = new NpgsqlBatch(session.Connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand(OwnStatement.Mark($"explain (format json) {side.Query}")));
        var plan = (string)(await batch.ExecuteScalarAsync(cancellation).ConfigureAwait(false))!;
        using var json = JsonDocument.Parse(plan);
        return (long)json.RootElement[0].GetProperty("Plan").GetProperty("Plan Rows").GetDouble();
    }

    private Task<ContentDigest> DigestAsync(
        PostgresSession session,
        ContentSide side,
        ContentColumns columns,
        IReadOnlyList<string> also,
        SharedSnapshot snapshot
    ) => ContentDigest.ReadAsync(session, side, columns, options.Sample, also, snapshot.Token);

    /// <summary>On a connection of its own: within one transaction <c>now()</c> never differs from itself.</summary>
    private async Task<ContentDigest> DigestAgainAsync(SharedSnapshot snapshot, ContentSide old, ContentColumns columns)
    {
        var session = await snapshot.JoinAsync(old.Schemas).ConfigureAwait(false);
        return await DigestAsync(session, old, columns, [], snapshot).ConfigureAwait(false);
    }

    /// <summary>Both at the same time; the first that fails ends the other, and is what is thrown.</summary>
    private static async Task<(T, TOther)> BothAsync<T, TOther>(
        SharedSnapshot snapshot,
        Task<T> one,
        Task<TOther> other
    )
    {
        var first = await Task.WhenAny(one, other).ConfigureAwait(false);
        if (!first.IsCompletedSuccessfully)
        {
            snapshot.Stop();
            await Task.WhenAll(one, other).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await first.ConfigureAwait(false);
        }

        return (await one.ConfigureAwait(false), await other.ConfigureAwait(false));
    }

    private List<ColumnFindings> Standings(ContentColumns columns, ContentDigest before, ContentDigest after) =>
        [
            .. columns
                .Compared.Select(
                    (c, i) =>
                        Column(
                            c.Name,
                            before.Columns[i] == after.Columns[i] ? ContentStanding.Same : ContentStanding.Changed
                        )
                )
                .Concat(columns.Gone.Select(c => Column(c, ContentStanding.Gone)))
                .Concat(columns.Added.Select(c => Column(c, ContentStanding.Added)))
                .OrderBy(c => c.Name, StringComparer.Ordinal),
        ];

    private ColumnFindings Column(string name, ContentStanding standing) => new(name, standing, options.Of(name));

    private static List<string> Differing(ContentFindings findings) =>
        [.. findings.Columns.Where(c => c.Standing == ContentStanding.Changed).Select(c => c.Name)];

    private static HashSet<string> Unstable(ContentColumns columns, ContentDigest once, ContentDigest twice) =>
        columns
            .Compared.Where((_, i) => once.Columns[i] != twice.Columns[i])
            .Select(c => c.Name)
            .ToHashSet(StringComparer.Ordinal);

    private static ContentFindings Matched(
        ContentFindings findings,
        List<string> differing,
        ContentMatch match,
        HashSet<string> unstable
    )
    {
        var found = findings with
        {
            OnlyOld = match.OnlyOld,
            OnlyNew = match.OnlyNew,
            OnlyOldExample = match.OnlyOldExample,
            OnlyNewExample = match.OnlyNewExample,
        };
        return found with
        {
            Columns =
            [
                .. found.Columns.Select(c =>
                    differing.IndexOf(c.Name) is >= 0 and var i
                        ? Matched(c, match.Changed[i], match.Examples[i], unstable.Contains(c.Name), found.RowsDiffer)
                        : c
                ),
            ],
        };
    }

    /// <summary>Where rows come and go, the digests of all columns differ; no matched row that does, with the same rows, is chance.</summary>
    private static ColumnFindings Matched(
        ColumnFindings column,
        long changed,
        ContentExample? example,
        bool isUnstable,
        bool rowsDiffer
    ) =>
        (changed, isUnstable, rowsDiffer) switch
        {
            (_, true, _) or (0, _, false) => column with { Standing = ContentStanding.Unstable },
            (0, false, true) => column with { Standing = ContentStanding.Same },
            _ => column with { Rows = changed, Example = example },
        };
}
