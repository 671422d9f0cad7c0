using System.Text.RegularExpressions;
using System.Xml.Linq;
using Tidelock.Texts;

namespace Tidelock.Tests.House;

/// <summary>The page for when a run stops has a section for every way in which one may, in both languages.</summary>
public sealed partial class TroubleshootingTests
{
    /// <summary>Where runs are held, and with which codes beside those of the watch's judge.</summary>
    private static readonly Dictionary<string, string[]> Holders = new(StringComparer.Ordinal)
    {
        ["Runs/AskBeforeRollback.cs"] = ["runs.asking"],
        ["Runs/PauseStep.cs"] = ["runs.paused"],
        ["Rollbacks/Recovery/RecoveryRollback.cs"] = ["rollbacks.recovery.asked", "rollbacks.recovery.asked-again"],
        ["Steps/AppointmentStep.cs"] = ["steps.appointment.late"],
        ["Steps/WatchCourse.cs"] = ["steps.watch.paused"],
        ["Steps/WatchStep.cs"] = ["steps.watch.faulted"],
    };

    private static readonly string Library = Path.Combine(Repository.Root, "src", "Tidelock");

    public static TheoryData<string, string> Pages() =>
        new() { { "troubleshooting.md", "Exit code" }, { "troubleshooting.ko.md", "종료 코드" } };

    [Theory]
    [MemberData(nameof(Pages))]
    public void It_has_a_section_for_every_exit_code(string page, string word) =>
        Assert.Equal(
            Enum.GetValues<ExitCode>().Select(e => $"{word} {(int)e}"),
            Sections(page).Where(s => s.StartsWith(word, StringComparison.Ordinal))
        );

    [Theory]
    [MemberData(nameof(Pages))]
    public void It_has_a_section_for_every_hold_and_for_nothing_else(string page, string word) =>
        Assert.Equal(
            Codes().Order(StringComparer.Ordinal),
            Sections(page)
                .Where(s => !s.StartsWith(word, StringComparison.Ordinal))
                .Select(s => s.Trim('`'))
                .Order(StringComparer.Ordinal)
        );

    [Fact]
    public void Every_hold_has_a_text_in_both_languages() =>
        Assert.All(
            Codes(),
            code =>
            {
                var message = Message.Of(code);
                Assert.False(TextCatalog.English.Render(message) == code, code);
                Assert.NotEqual(TextCatalog.English.Render(message), TextCatalog.Korean.Render(message));
            }
        );

    [Fact]
    public void Nothing_else_holds_a_run() =>
        Assert.Equal(
            Holders.Keys.Order(StringComparer.Ordinal),
            Directory
                .EnumerateFiles(Library, "*.cs", SearchOption.AllDirectories)
                .Where(f => File.ReadAllText(f).Contains("new RunHeld(", StringComparison.Ordinal))
                .Select(f => Path.GetRelativePath(Library, f).Replace('\\', '/'))
                .Order(StringComparer.Ordinal)
        );

    private static IEnumerable<string> Codes() =>
        XDocument
            .Load(Path.Combine(Library, "Texts", "Watching.resx"))
            .Root!.Elements("data")
            .Select(e => e.Attribute("name")!.Value)
            .Where(n => n.StartsWith("watching.hold.", StringComparison.Ordinal))
            .Concat(Holders.Values.SelectMany(c => c));

    private static IEnumerable<string> Sections(string page) =>
        Section()
            .Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", page)))
            .Select(m => m.Groups["title"].Value);

    [GeneratedRegex("^### (?<title>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Section();
}
