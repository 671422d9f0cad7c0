using System.Text.RegularExpressions;
using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Tests;

public sealed class BadFileTests
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    public static TheoryData<string> Names() => [.. BadFile.All.Select(f => f.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_mistake_is_found_where_it_is(string name) =>
        Assert.Equal(BadFile.Read(name).Expected, Load(name).Select(BadFile.Describe));

    [Theory]
    [MemberData(nameof(Names))]
    public void A_mistake_reads_well_in_both_languages_and_names_its_place(string name)
    {
        foreach (var mistake in Load(name))
        {
            var english = mistake.Render(TextCatalog.English);
            Assert.Matches($@"{Regex.Escape(name)}:\d+:\d+: \S", english);
            Assert.NotEqual(english, mistake.Render(TextCatalog.Korean));
            foreach (var argument in mistake.Problem.Arguments.Keys)
            {
                Assert.DoesNotContain($"{{{argument}}}", english, StringComparison.Ordinal);
            }
        }
    }

    private static IReadOnlyList<Mistake> Load(string name)
    {
        var reading = TidelockServices.ChangeLoader.Load(Path.Combine(BadFile.Folder, name), null, NoVariables);
        Assert.Null(reading.Change);
        return reading.Mistakes;
    }
}
