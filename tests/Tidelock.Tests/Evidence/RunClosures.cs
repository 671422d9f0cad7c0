using System.Text.Json;
using Tidelock.Migrations;
using Tidelock.Postgres;
using Tidelock.Relations;
using Tidelock.Rollbacks;
using Tidelock.Runs;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

/// <summary>A small view as a run journals it before the change and after it.</summary>
internal static class RunClosures
{
    public static RelationName Scores { get; } = new("public", "scores");

    /// <summary>A change that was planned, made another thing besides, and met a session in the way.</summary>
    public static RunStory Changed()
    {
        var before = View("select 1 as id", "kim", null);
        var after = View("select 2 as id,\n    'a long line that <b>goes on</b> and on'::text as name", "lee", "of V1");
        var way = new RehearsedWay("definition", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))
        {
            Changes =
            [
                .. ClosureComparison.Differences(before, View("select 2 as id", "kim", "of V1")).Select(d => d.Short),
            ],
            Locked = ["public.scores"],
        };
        BlockerActed Deed(bool isDone, string finding) =>
            new("migrate", nameof(BlockerAct.Cancel).ToLowerInvariant(), 4711, Zero, isDone, Said(finding));
        return new RunStory()
            .Started()
            .Gate("rollback", "the way back is proven")
            .At(-127, way.AsEvent())
            .Fact(-4, "baseline", "closure", Closure(before))
            .At(1, Deed(false, "kim's psql holds public.scores"))
            .At(2, Deed(true, "its query was cancelled"))
            .Step("migrate", 0, 3, finding: "readers waited at most 48 ms")
            .Fact(4, "verify", "closure", Closure(after));
    }

    public static string Closure(RelationClosure? closure) =>
        JsonSerializer.Serialize(new RunBaseline(Scores, closure, null), RollbacksJson.Default.RunBaseline);

    public static RelationClosure View(string definition, string owner, string? comment) =>
        new(
            new CapturedRelation(
                Scores,
                RelationKind.View,
                owner,
                definition,
                [],
                [],
                null,
                comment,
                [],
                [],
                [],
                Populated: true,
                null,
                null,
                []
            ),
            [],
            []
        );
}
