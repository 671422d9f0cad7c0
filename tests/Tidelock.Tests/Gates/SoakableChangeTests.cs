using Tidelock.Gates;

namespace Tidelock.Tests.Gates;

public sealed class SoakableChangeTests
{
    private const string Named = "contract: { relation: public.scores, columns: [{ name: id, type: int }] }";

    [Theory]
    [InlineData("staging: { soak: 24h }", "", true)]
    [InlineData("staging: { soak: 24h, level: recommended }", "", true)]
    [InlineData("staging: { soak: 24h }", Named, false)]
    [InlineData("staging: { soak: 30m }", "watch: { for: 30m }", false)]
    [InlineData("staging: { soak: 31m }", "watch: { for: 30m }", true)]
    [InlineData("staging: off", "", false)]
    public async Task A_change_of_which_nothing_tells_whether_it_is_in_place_is_warned_of_where_looks_would_have_to_count(
        string gates,
        string more,
        bool isWarned
    )
    {
        await using var bench = await GateBench.CreateAsync(gates);
        bench.Read(gates, $"author: choi\n{more}");
        Assert.Equal(isWarned ? "gates.staging.cannot-soak" : null, SoakableChange.Warning(bench.Change)?.Code);
    }
}
