using Tidelock.Changes;

namespace Tidelock.Tests.Gates;

public sealed class ProgramsOfChangeTests
{
    [Theory]
    [InlineData("approval: { command: [./own.sh, CHG-123] }", "author: choi")]
    [InlineData("approval: { command: [sh, -e, own.sh] }", "author: choi")]
    [InlineData("approval: required", "notify: { command: [sh, own.sh] }")]
    [InlineData("approval: required", "notify: { command: { run: [./own.sh] } }")]
    [InlineData("staging: { evidence: staging.json, signers: own.sh }", "author: choi")]
    public async Task What_lies_in_the_folder_and_says_yes_tells_people_or_names_signers_is_part_of_what_is_approved(
        string gates,
        string head
    )
    {
        await using var bench = await GateBench.CreateAsync("approval: off");
        await File.WriteAllTextAsync(bench.PathOf("own.sh"), "exit 1\n");
        await File.WriteAllTextAsync(bench.PathOf("CHG-123"), "an argument is no program\n");
        bench.Read(gates, head);
        var (first, files) = (bench.Change.Digest, bench.Change.Files.Select(f => f.Path));
        Assert.Equal(["change.yaml", "new.sql", "own.sh"], files);

        await File.WriteAllTextAsync(bench.PathOf("own.sh"), "exit 0\n");
        bench.Read(gates, head);
        Assert.NotEqual(first, bench.Change.Digest);
    }

    [Fact]
    public async Task One_that_is_no_text_is_part_of_it_by_its_digest_and_so_it_is_where_only_that_was_kept()
    {
        await using var bench = await GateBench.CreateAsync("approval: off");
        byte[] program = [.. "echo yes # "u8, 0xff];
        await File.WriteAllBytesAsync(bench.PathOf("compiled"), program);
        const string gates = "approval: { command: [./compiled] }";
        bench.Read(gates);
        var first = bench.Change.Digest;
        var file = bench.Change.Files.Single(f => f.Path == "compiled");
        Assert.True(ChangeFiles.IsOf(program, file));
        Assert.False(ChangeFiles.IsOf([.. program, 0x0a], file));

        await File.WriteAllTextAsync(bench.PathOf("compiled"), file.Text);
        bench.Read(gates);
        Assert.Equal(first, bench.Change.Digest);
        await File.WriteAllBytesAsync(bench.PathOf("compiled"), [.. program, 0x0a]);
        bench.Read(gates);
        Assert.NotEqual(first, bench.Change.Digest);
    }

    [Fact]
    public async Task A_program_from_elsewhere_is_none_of_the_changes_also_where_a_link_leads_to_it()
    {
        await using var bench = await GateBench.CreateAsync("approval: { command: [ticket, CHG-123] }");
        File.CreateSymbolicLink(bench.PathOf("tell"), "/usr/bin/env");
        bench.Read("approval: off", "notify: { command: [./tell] }");
        Assert.Equal(["change.yaml", "new.sql"], bench.Change.Files.Select(f => f.Path));
        bench.Read("approval: { command: [/usr/bin/env, ticket] }", "notify: { command: [../tell.sh] }");
        Assert.Equal(["change.yaml", "new.sql"], bench.Change.Files.Select(f => f.Path));
    }
}
