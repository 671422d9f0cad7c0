using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>What a program or a server answers about a ticket: the contract that docs/gates/approval-sources.md describes.</summary>
/// <param name="Approved">Whether the change is approved.</param>
/// <param name="Digest">The digest that was approved: an approval of another text is none of this one.</param>
/// <param name="Environment">The environment it was approved for; null for any.</param>
/// <param name="By">Who approved.</param>
/// <param name="Reference">The ticket.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Until">When it counts no more; null for never.</param>
internal sealed partial record TicketAnswer(
    bool? Approved,
    string? Digest,
    string? Environment,
    IReadOnlyList<string?>? By,
    string? Reference,
    string? Reason,
    string? Until
)
{
    private const int LongestBeginning = 60;

    /// <summary>Holds an answer against the change.</summary>
    /// <param name="source">Who answers, for people.</param>
    /// <param name="body">The answer.</param>
    /// <param name="context">What is to be deployed.</param>
    /// <param name="ground">Who wrote it and who runs it.</param>
    public static SourceFinding Judge(string source, string body, GateContext context, ApprovalGround ground)
    {
        TicketAnswer? answer;
        try
        {
            answer = JsonSerializer.Deserialize(body, TicketJson.Default.TicketAnswer);
        }
        catch (JsonException)
        {
            answer = null;
        }

        return answer is null
            ? Refused("unreadable", ("answer", Beginning(body)))
            : answer.JudgeBy(context, ground, Refused);

        SourceFinding Refused(string why, params ReadOnlySpan<(string, object?)> details) =>
            new(false, Message.Of($"gates.approval.ticket.{why}", [("source", source), .. details]));
    }

    private delegate SourceFinding Refusal(string why, params ReadOnlySpan<(string, object?)> details);

    private SourceFinding JudgeBy(GateContext context, ApprovalGround ground, Refusal refused)
    {
        var ticket = Reference is { Length: > 0 } ? Reference : "-";
        var people = By?.OfType<string>().Where(p => !string.IsNullOrWhiteSpace(p)).ToList() ?? [];
        var others = people.Where(p => ground.WhyNot(p) is null).ToList();
        var until = Until is null ? null : TimeOf(Until);
        return Approved is not true
                ? refused("no", ("ticket", ticket), ("reason", Reason is { Length: > 0 } ? Reason : "-"))
            : !string.Equals(Digest, context.Change.Digest, StringComparison.OrdinalIgnoreCase)
                ? refused("digest", ("ticket", ticket), ("told", Digest ?? "-"), ("digest", context.Change.Digest))
            : Environment is not null && Environment != context.TargetEnvironment.Name
                ? refused("environment", ("ticket", ticket), ("told", Environment))
            : people.Count == 0 ? refused("nobody", ("ticket", ticket))
            : others.Count == 0
                ? refused("own", ("ticket", ticket), ("by", people[0]), ("problem", ground.WhyNot(people[0])))
            : Until is not null && until is null ? refused("until", ("ticket", ticket), ("told", Until))
            : until <= context.Time.GetUtcNow() ? refused("expired", ("ticket", ticket), ("until", until))
            : new SourceFinding(
                true,
                Message.Of("gates.approval.ticket.yes", ("ticket", ticket), ("people", string.Join(", ", others)))
            );
    }

    /// <summary>A time with its distance from UTC; null for any other, which would be another time on each machine.</summary>
    private static DateTimeOffset? TimeOf(string text) =>
        WithOffset().IsMatch(text)
        && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time)
            ? time
            : null;

    private static string Beginning(string text)
    {
        // Before the cut, which would leave half a secret.
        var line = Secrets.OfProcess.Scrub(text).Trim().ReplaceLineEndings(" ");
        return line.Length > LongestBeginning ? line[..LongestBeginning] + "…" : line;
    }

    [GeneratedRegex("T.*(Z|[+-][0-9]{2}:[0-9]{2})$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex WithOffset();
}

/// <summary>How answers are read: unknown keys are the other side's own.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(TicketAnswer))]
internal sealed partial class TicketJson : JsonSerializerContext;
