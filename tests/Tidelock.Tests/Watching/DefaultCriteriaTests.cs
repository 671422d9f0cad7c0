using Tidelock.Changes;
using Tidelock.Watching;

namespace Tidelock.Tests.Watching;

/// <summary>What takes a change back when its author says nothing: what there is to look at, and nothing else.</summary>
public sealed class DefaultCriteriaTests : IDisposable
{
    private const string Contract = "contract: { relation: public.scores, columns: [{ name: id, type: bigint }] }";

    private const string Downstream = "downstream: [{ name: kpi, sql: select 1 }]";

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-criteria-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("", new string[0])]
    [InlineData(Contract, new[] { "contract broken" })]
    [InlineData(Downstream, new[] { "downstream fails" })]
    [InlineData(Contract + "\n" + Downstream, new[] { "downstream fails", "contract broken" })]
    public void Only_what_is_declared_is_judged(string sections, string[] criteria)
    {
        var watch = Load(sections).Section<WatchOptions>();
        Assert.Equal(criteria, watch.RollBackWhen.Select(c => c.Text));
    }

    private Change Load(string sections)
    {
        File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
        File.WriteAllText(
            Path.Combine(folder, "change.yaml"),
            $$"""
            change: scores
            migration: { view: { name: public.scores, definition: new.sql } }
            environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
            {{sections}}
            """
        );
        var reading = TidelockServices.ChangeLoader.Load(
            folder,
            "production",
            new Dictionary<string, string>(StringComparer.Ordinal)
        );
        Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
        return reading.Change!;
    }
}
