using Tidelock.Checks;
using Tidelock.Postgres;
using Tidelock.Rehearsals;
using Tidelock.Tests.Steps;
using Tidelock.Texts;

namespace Tidelock.Tests.Rehearsals;

/// <summary>What a change's queries tell that are asked of a restored copy.</summary>
public sealed class CopyChecksTests
{
    [Fact]
    public void What_held_before_the_change_and_fails_after_it_is_told_from_what_is_not_known_to_have_held()
    {
        var held = Check("held");
        var other = Check("other");
        var slow = Check("slow");

        var (broken, others) = CopyChecks.Sorted(
            [
                (held, Ended("checks.sql.rows")),
                (other, Ended("checks.sql.value")),
                (slow, Ended(CheckResult.TooSlow)),
                (slow, Ended("checks.sql.late")),
            ],
            [held, slow]
        );

        Assert.Equal("checks.sql.rows", Assert.Single(broken).Code);
        Assert.Equal("checks.sql.value", Assert.Single(others).Code);
    }

    [Fact]
    public async Task What_the_target_does_not_answer_is_neither_the_copys_fault_nor_a_question_of_the_new_shape()
    {
        var checks = new CopyChecks(
            new SlowContext("one").Context.Change,
            Failing("test.broken"),
            Failing("postgres.connect.refused"),
            TimeProvider.System
        );

        var (onlyHere, unanswered, ofTheNew) = await checks.BeforeAsync(TestContext.Current.CancellationToken);

        Assert.Empty(onlyHere);
        Assert.Equal("postgres.connect.refused", Assert.Single(unanswered).Code);
        Assert.Equal(0, ofTheNew);
    }

    private static Func<CancellationToken, Task<PostgresSession>> Failing(string code) =>
        _ => throw new TidelockException(Message.Of(code), ExitCode.Refused);

    private static SqlCheck Check(string name) => new(name, "select 1", null, null, null, null, Critical: false);

    private static CheckResult Ended(string code) => new("one", Passed: false, TimeSpan.Zero, Message.Of(code));
}
