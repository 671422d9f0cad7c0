using Tidelock.Changes;
using Tidelock.Policies;
using Tidelock.Postgres;
using Tidelock.Rollbacks;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>What approvals are held against: what is to be deployed, where, by whom, and what stands there now.</summary>
/// <param name="Change">The change, read for its environment.</param>
/// <param name="Environment">The environment's name.</param>
/// <param name="Now">The time.</param>
internal sealed record ApprovalGround(Change Change, string Environment, DateTimeOffset Now)
{
    /// <summary>When the change would be made: until then approvals must not have expired.</summary>
    public DateTimeOffset Start { get; init; } = Now;

    /// <summary>Who runs the change: whoever starts it, and everybody who takes it over.</summary>
    public IReadOnlyList<string> Executors { get; init; } = [];

    /// <summary>Who wrote it: one person, by every name that is known; empty where nobody knows.</summary>
    public IReadOnlyList<string> Author { get; init; } = [];

    /// <summary>Whether only the change itself says who that is.</summary>
    public bool AuthorIsOnlyNamed { get; init; }

    /// <summary>The database as <c>SYSTEM/NAME</c>; null where nobody looked.</summary>
    public string? Target { get; init; }

    /// <summary>The relation as it stands now; null where the change is about none.</summary>
    public RunBaseline? Relation { get; init; }

    /// <summary>What the relation is compared over.</summary>
    public PostgresSession? Session { get; init; }

    public ApprovalGateOptions Options => Change.Section<GateOptions>().Approval;

    public EnvironmentPolicy? Policy => Change.Section<GateOptions>().Policy;

    /// <summary>Whether different people must write, approve and run the change.</summary>
    public bool SeparatesPeople => Options.MostRequired > 1;

    /// <summary>The same with who wrote the change, where that matters: as git here knows it, else as a place does that people approve at.</summary>
    public async Task<ApprovalGround> WithAuthorAsync(TimeProvider time, CancellationToken cancellation)
    {
        if (!SeparatesPeople)
        {
            return this;
        }

        var author = await ChangeAuthor.ReadAsync(Change, cancellation).ConfigureAwait(false);
        foreach (var source in author.IsKnown ? [] : Options.Sources)
        {
            if (await source.AuthorsAsync(Change, time, cancellation).ConfigureAwait(false) is [_, ..] people)
            {
                author = new ChangeAuthor([.. ChangeAuthor.NamedIn(Change), .. people], IsOnlyNamed: false);
                break;
            }
        }

        return this with
        {
            Author = author.Names,
            AuthorIsOnlyNamed = author.IsOnlyNamed,
        };
    }

    public bool IsAuthor(string person) => Author.Any(a => PersonName.IsSame(a, person));

    public bool IsExecutor(string person) => Executors.Any(e => PersonName.IsSame(e, person));

    /// <summary>Why somebody's approval counts for nothing, whatever it says; null where it may count.</summary>
    public Message? WhyNot(string person) =>
        !SeparatesPeople ? null
        : IsAuthor(person) && !Allows(OwnWork.AuthorApproves) ? Message.Of("gates.approval.author")
        : IsExecutor(person) && !Allows(OwnWork.ExecutorApproves) ? Message.Of("gates.approval.executor")
        : null;

    public bool Allows(OwnWork work) => Policy?.Allowed.HasFlag(work) == true;
}
