using Tidelock.Probes;
using Tidelock.Probes.Command;

namespace Tidelock.Tests.Probes;

public sealed class CommandProbeTests
{
    [Theory]
    [InlineData("echo 42", 42.0)]
    [InlineData("printf ' 1.5e-3 '", 0.0015)]
    [InlineData("echo $PGUSER >&2; test \"$PGAPPNAME\" = tidelock/test/1 && echo 7", 7.0)]
    public async Task The_number_a_program_prints_is_the_value(string script, double value) =>
        Assert.Equal(value, (await ReadAsync(script)).Value);

    [Theory]
    [InlineData("true", SampleOutcome.NoData, "probes.command.nothing")]
    [InlineData("echo nan", SampleOutcome.NoData, "probes.not-a-number")]
    [InlineData("echo many", SampleOutcome.Error, "probes.command.not-a-number")]
    [InlineData("echo 1; echo 2", SampleOutcome.Error, "probes.command.not-a-number")]
    [InlineData("echo '<html>'", SampleOutcome.Error, "probes.command.not-a-number")]
    [InlineData("head -c 10000000 /dev/zero | tr '\\0' 1", SampleOutcome.Error, "probes.command.not-a-number")]
    [InlineData("echo 5; echo no login >&2; exit 3", SampleOutcome.Error, "probes.command.failed")]
    public async Task Everything_else_is_never_a_value(string script, SampleOutcome outcome, string code)
    {
        var sample = await ReadAsync(script);
        Assert.Equal((outcome, code), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task What_it_said_before_it_failed_is_told() =>
        Assert.Equal(
            "the program ended with exit code 3: no login",
            (await ReadAsync("echo no login >&2; exit 3")).Detail!.ToString()
        );

    [Theory]
    [InlineData("sleep 60")]
    [InlineData("trap '' INT; sleep 60")]
    [InlineData("yes")]
    public async Task One_that_does_not_end_is_ended(string script)
    {
        var sample = await Reading.OneAsync(Probe(script) with { Within = TimeSpan.FromMilliseconds(200) });
        Assert.Equal((SampleOutcome.Error, "probes.too-late"), (sample.Outcome, sample.Detail!.Code));
    }

    [Fact]
    public async Task A_program_that_is_not_there_is_an_error()
    {
        var sample = await Reading.OneAsync(Probe("") with { Command = ["no-such-program"] });
        Assert.Equal((SampleOutcome.Error, "programs.not-found"), (sample.Outcome, sample.Detail!.Code));
    }

    private static Task<Sample> ReadAsync(string script) => Reading.OneAsync(Probe(script));

    private static CommandProbeOptions Probe(string script) =>
        new("s", SignalUnit.Number, ["sh", "-c", script], Path.GetTempPath(), null);
}
