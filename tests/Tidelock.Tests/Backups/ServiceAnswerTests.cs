using System.Text.Json.Nodes;
using Tidelock.Backups.Commands;

namespace Tidelock.Tests.Backups;

public sealed class ServiceAnswerTests
{
    private const string Host = "seedtest-prod.c0ffee.eu-central-1.rds.amazonaws.com";
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 2, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Hours = TimeSpan.FromHours(2);

    [Fact]
    public void The_answer_that_the_page_shows_is_one()
    {
        var page = File.ReadAllText(Path.Combine(House.Repository.Root, "docs", "gates", "backup-command.md"));
        var shown = page.Split("```json\n")[1].Split("```")[0];

        var (answer, problem) = ServiceAnswer.Read(shown);

        Assert.Null(problem);
        Assert.Equal(Host, answer!.Host);
        Assert.Equal(new DateTimeOffset(2026, 11, 27, 1, 35, 0, TimeSpan.Zero), answer.Until);
        Assert.Null(answer.Problem(Host, Hours, Now));
    }

    [Theory]
    [InlineData("id")]
    [InlineData("status")]
    [InlineData("createdAt")]
    [InlineData("database")]
    [InlineData("host")]
    public void A_required_field_that_is_missing_or_null_or_empty_or_a_number_is_no_answer(string field)
    {
        foreach (var value in new JsonNode?[] { null, "", " ", 5 })
        {
            var answer = Answer();
            answer[field] = value?.DeepClone();
            Refuse(answer.ToJsonString());
        }

        var without = Answer();
        without.Remove(field);
        Assert.Contains(field, Refuse(without.ToJsonString()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("createdAt", "2026-11-27T01:07:41")]
    [InlineData("createdAt", "27.11.2026 01:07:41Z")]
    [InlineData("restorableUntil", "2026-11-27T01:07:41")]
    [InlineData("restorableUntil", "now")]
    [InlineData("restoreTook", "12 min")]
    [InlineData("encrypted", "yes")]
    public void A_value_that_may_mean_several_things_is_no_answer(string field, string value)
    {
        var answer = Answer();
        answer[field] = value;

        Refuse(answer.ToJsonString());
    }

    [Fact]
    public void A_field_that_nobody_knows_may_be_one_mistyped_and_is_refused_by_name()
    {
        var answer = Answer();
        answer["restoreableUntil"] = "2026-11-27T01:35:00Z";

        Assert.Contains("restoreableUntil", Refuse(answer.ToJsonString()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"available\"")]
    [InlineData("{} {}")]
    public void What_is_not_one_object_is_no_answer(string text) => Refuse(text);

    [Fact]
    public void A_zone_other_than_UTC_tells_the_same_moment()
    {
        var answer = Answer();
        answer["createdAt"] = "2026-11-27T10:07:41.598+09:00";

        Assert.Equal(
            new DateTimeOffset(2026, 11, 27, 1, 7, 41, 598, TimeSpan.Zero),
            ServiceAnswer.Read(answer.ToJsonString()).Answer!.At
        );
    }

    [Theory]
    [InlineData("status", "failed", "backups.command.status")]
    [InlineData("status", "Available", "backups.command.status")]
    [InlineData("host", "seedtest-staging.c0ffee.eu-central-1.rds.amazonaws.com", "backups.command.other-host")]
    [InlineData("createdAt", "2026-11-26T23:59:00Z", "backups.too-old")]
    [InlineData("createdAt", "2026-11-27T03:00:00Z", "backups.from-the-future")]
    public void What_is_told_and_does_not_fit_does_not_count(string field, string value, string code)
    {
        var answer = Answer();
        answer[field] = value;

        Assert.Equal(code, ServiceAnswer.Read(answer.ToJsonString()).Answer!.Problem(Host, Hours, Now)!.Code);
    }

    [Fact]
    public void An_address_is_the_same_in_capitals_and_with_a_dot_at_its_end() =>
        Assert.Null(
            ServiceAnswer.Read(Answer().ToJsonString()).Answer!.Problem(Host.ToUpperInvariant() + ".", Hours, Now)
        );

    private static string Refuse(string text)
    {
        var (answer, problem) = ServiceAnswer.Read(text);
        Assert.Null(answer);
        Assert.Equal("backups.command.answer", problem!.Code);
        return problem.Arguments["reason"];
    }

    private static JsonObject Answer() =>
        new()
        {
            ["id"] = "rds:seedtest-prod-2026-11-27",
            ["status"] = "available",
            ["createdAt"] = "2026-11-27T01:07:41Z",
            ["database"] = "seedtest-prod",
            ["host"] = Host,
        };
}
