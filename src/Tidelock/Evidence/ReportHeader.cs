using System.Text.Json.Serialization;
using Tidelock.Policies;
using Tidelock.Postgres;
using Tidelock.Runs;

namespace Tidelock.Evidence;

/// <summary>What was to be done, where and by whom; the fields are those of <see cref="RunStarted"/>.</summary>
public sealed record ReportHeader(
    string Change,
    string Title,
    string Digest,
    string Folder,
    string Environment,
    string Target,
    ServerIdentity Identity,
    string Method,
    string Host,
    string By,
    string Tool,
    DateTimeOffset StartedAt,
    DateTimeOffset? EndedAt,
    TimeSpan WatchFor,
    IReadOnlyDictionary<string, string> Contacts,
    IReadOnlyDictionary<string, string> Links
)
{
    /// <summary>The team's policy the run was held to; null where there was none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PolicyMark? Policy { get; init; }

    internal static ReportHeader? Of(RunState state) =>
        state.Started is not { } started
            ? null
            : new ReportHeader(
                started.Change,
                started.Title,
                started.Digest,
                started.Folder,
                started.TargetEnvironment,
                started.Target,
                started.Identity,
                started.Method,
                started.Host,
                started.By,
                started.Tool,
                state.StartedAt,
                state.EndedAt,
                started.WatchFor,
                started.Contacts,
                started.Links
            )
            {
                Policy = started.Policy,
            };
}
