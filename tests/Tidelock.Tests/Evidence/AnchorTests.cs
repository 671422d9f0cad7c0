using Tidelock.Evidence;
using Tidelock.Evidence.Anchors;
using Tidelock.Programs;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Evidence;

public sealed class AnchorTests : IDisposable
{
    private static readonly IReadOnlyList<JournalEntry> Whole = RunStories.Completed().Entries;

    private readonly string folder = Directory.CreateTempSubdirectory("tidelock-anchors-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void An_anchor_is_found_in_any_words_and_only_those_of_the_run()
    {
        var anchor = Anchor.Of(Whole[^1]);
        var other = new Anchor("01JDK3V4Q8Z5W6X7Y8Z9A0B1C3", 7, new string('a', 64));
        var text =
            $"> *완료* ✓ `{anchor}`, {anchor}\n{other} {anchor}0 tidelock:{RunStory.Run}:0:{new string('a', 64)}";
        Assert.Equal([anchor], Anchor.In(text, RunStory.Run));
    }

    [Fact]
    public void An_end_that_was_cut_off_shows_by_an_anchor_and_by_nothing_else()
    {
        var anchor = Anchor.Of(Whole[^1]);
        var cut = Whole.SkipLast(3).ToList();
        Assert.True(ChainVerification.Of(cut).IsSound);
        var finding = AnchorFinding.Of(anchor, cut);
        Assert.Equal((false, "evidence.anchor.cut-off"), (finding.Holds, finding.Finding.Code));
        var said = ChainVerification.Of(cut).With([finding]);
        Assert.Contains(said, s => !s.Holds && s.Message.ToString().Contains(anchor.Hash, StringComparison.Ordinal));
    }

    [Fact]
    public void A_chain_that_was_written_anew_as_a_whole_shows_by_an_anchor()
    {
        var anchor = Anchor.Of(Whole[40]);
        var anew = new List<JournalEntry>();
        foreach (var entry in Whole)
        {
            var payload = entry.Payload.Replace("mina", "nobody", StringComparison.Ordinal);
            anew.Add(JournalEntry.Next(entry.Stream, anew.LastOrDefault(), entry.EventId, entry.Kind, payload));
        }

        Assert.True(ChainVerification.Of(anew).IsSound);
        Assert.Equal("evidence.anchor.rewritten", AnchorFinding.Of(anchor, anew).Finding.Code);
    }

    [Fact]
    public void What_holds_says_up_to_where_and_what_is_left_unproven()
    {
        var finding = AnchorFinding.Of(Anchor.Of(Whole[40]), Whole);
        Assert.True(finding.Holds);
        var said = ChainVerification.Of(Whole).With([finding]);
        Assert.Equal(
            ["evidence.chain.sound", "evidence.anchor.holds", "evidence.anchor.limits"],
            said.Select(s => s.Message.Code)
        );
        Assert.Equal("41", said[2].Message.Arguments["sequence"]);
        Assert.All(
            said,
            s => Assert.DoesNotContain("{", TextCatalog.Korean.Render(s.Message), StringComparison.Ordinal)
        );
    }

    [Fact]
    public async Task Git_keeps_every_anchor_under_a_reference_of_its_run_and_a_tag_and_touches_no_branch()
    {
        await GitAsync("init", "-q");
        await GitAsync("config", "user.name", "kim");
        await GitAsync("config", "user.email", "kim@example.com");
        var git = new GitAnchors(folder);
        Assert.Equal("", await git.ReadAsync(RunStory.Run, default));
        await git.WriteAsync(Anchor.Of(Whole[40]), default);
        await git.WriteAsync(Anchor.Of(Whole[^1]), default);
        var found = Anchor.In(await git.ReadAsync(RunStory.Run, default), RunStory.Run);
        Assert.Equal([Anchor.Of(Whole[^1]), Anchor.Of(Whole[40])], found);
        Assert.Equal(
            [
                $"refs/tags/tidelock/{RunStory.Run}/{Whole.Count}",
                $"refs/tags/tidelock/{RunStory.Run}/41",
                $"refs/tidelock/{RunStory.Run}",
            ],
            (await GitAsync("for-each-ref", "--format=%(refname)")).Split('\n')
        );
        await GitAsync("update-ref", "-d", $"refs/tidelock/{RunStory.Run}");
        Assert.Equal(2, Anchor.In(await git.ReadAsync(RunStory.Run, default), RunStory.Run).Count);
        Assert.Equal("", await GitAsync("status", "--porcelain"));
    }

    [Fact]
    public void A_chain_beside_the_run_is_held_against_the_head_that_the_run_kept_of_it()
    {
        var name = StreamAnchors.Of(new string('a', 64), "production")[1];
        JournalEntry? last = null;
        var looks = Enumerable
            .Range(0, 3)
            .Select(i => last = JournalEntry.Next(name, last, $"{i}", "SoakLooked", """{"kind":"SoakLooked"}"""))
            .ToList();
        var run = RunState.Of([StreamAnchors.AsEvent([Anchor.Of(looks[1])])]);
        Assert.Equal([name], StreamAnchors.KeptBy(run));
        var kept = StreamAnchors.KeptBy(run, name);
        Assert.Equal([Anchor.Of(looks[1])], kept);

        var sound = Assert.Single(StreamVerification.Of(name, looks, kept));
        Assert.Equal((true, "2"), (sound.Holds, sound.Message.Arguments["anchored"]));
        var cut = StreamVerification.Of(name, looks[..1], kept);
        Assert.Equal([("evidence.stream.lost", false), ("evidence.anchor.cut-off", false)], Told(cut));
        Assert.Equal("evidence.stream.lost", StreamVerification.Of(name, [], kept)[0].Message.Code);
        Assert.Empty(StreamVerification.Of(name, [], []));
        var changed = looks.Select(e => e with { Payload = """{"kind":"SoakLooked","breaches":[]}""" }).ToList();
        Assert.Equal(("evidence.chain.broken", false), Told(StreamVerification.Of(name, changed, kept))[0]);
        Assert.DoesNotContain(
            "{",
            TextCatalog.Korean.Render(sound.Message) + TextCatalog.Korean.Render(cut[0].Message),
            StringComparison.Ordinal
        );
    }

    private static List<(string, bool)> Told(IEnumerable<(Message Message, bool Holds)> said) =>
        [.. said.Select(s => (s.Message.Code, s.Holds))];

    [Fact]
    public async Task Without_a_repository_git_says_so()
    {
        var problem = await Assert.ThrowsAsync<TidelockException>(() =>
            new GitAnchors(folder).WriteAsync(Anchor.Of(Whole[^1]), default)
        );
        Assert.Equal(("evidence.anchor.git", ExitCode.Refused), (problem.Problem.Code, problem.ExitCode));
    }

    [Fact]
    public async Task A_file_gathers_anchors_and_words_are_a_place_too()
    {
        var file = Path.Combine(folder, "anchors.txt");
        await AnchorPlace.KeepInFileAsync(Anchor.Of(Whole[40]), file, RunStory.Zero, default);
        await AnchorPlace.KeepInFileAsync(Anchor.Of(Whole[^1]), file, RunStory.Zero, default);
        Assert.Equal(2, (await AnchorPlace.FindAsync(file, RunStory.Run, default)).Count);
        Assert.Single(await AnchorPlace.FindAsync($"done, {Anchor.Of(Whole[3])}", RunStory.Run, default));
        var none = await Assert.ThrowsAsync<TidelockException>(() =>
            AnchorPlace.FindAsync("no anchor here", RunStory.Run, default)
        );
        Assert.Equal("evidence.anchor.none", none.Problem.Code);
    }

    private async Task<string> GitAsync(params string[] arguments)
    {
        var result = await new ChildProgram("git", ["-C", folder, .. arguments]).RunAsync(CancellationToken.None);
        Assert.True(result.Succeeded, result.LastWords);
        return result.Output.Trim();
    }
}
