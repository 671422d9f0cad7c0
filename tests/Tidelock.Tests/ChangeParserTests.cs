using Tidelock.Changes;

namespace Tidelock.Tests;

public sealed class ChangeParserTests
{
    private static readonly string Example = Path.Combine(BadFile.Folder, "..", "attempt-view", "change.yaml");

    /// <summary>The seed stands in the name of a failure: the same files come again.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Whatever_is_broken_in_a_file_is_a_mistake_and_never_an_exception(int seed)
    {
        const string Signs = "{}[]:,-\"'#&*!|>%@`\t\n $<?~\0é0a";
        var random = new Random(seed);
        var text = File.ReadAllText(Example);
        var folder = Directory.CreateTempSubdirectory("tidelock-broken-").FullName;
        try
        {
            for (var round = 0; round < 100; round++)
            {
                var broken = text.ToList();
                for (var edit = random.Next(1, 6); edit > 0; edit--)
                {
                    var at = random.Next(broken.Count - 40);
                    switch (random.Next(3))
                    {
                        case 0:
                            broken.RemoveRange(at, random.Next(1, 40));
                            break;
                        case 1:
                            broken.Insert(at, Signs[random.Next(Signs.Length)]);
                            break;
                        default:
                            broken[at] = Signs[random.Next(Signs.Length)];
                            break;
                    }
                }

                var path = Path.Combine(folder, "change.yaml");
                File.WriteAllText(path, string.Concat(broken));
                var reading = TidelockServices.ChangeLoader.Load(path, null, new Dictionary<string, string>());
                Assert.Equal(reading.Change is null, reading.Mistakes.Count > 0);
                Assert.All(reading.Mistakes, m => Assert.InRange(m.Line, 1, broken.Count));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_hundred_thousand_brackets_exhaust_neither_the_stack_nor_the_patience()
    {
        var mistakes = new MistakeList("change.yaml");
        ChangeParser.Parse(new string('[', 100_000), mistakes);
        Assert.Equal(["changes.yaml.deep"], mistakes.Sorted().Select(m => m.Problem.Code));
    }
}
