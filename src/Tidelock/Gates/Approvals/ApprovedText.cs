using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Changes;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates.Approvals;

/// <summary>
/// The text of a change as it was when somebody approved it, kept by the change's name and environment: so that an edit, which makes another
/// digest of it, can be told line by line.
/// </summary>
public sealed class ApprovedText(IJournal journal, Change change, string environment)
{
    private SharedStream Stream => new(journal, $"{change.Name}@{environment}");

    /// <summary>Keeps the text that is approved now, once for as long as it stays the same.</summary>
    /// <exception cref="JournalUnwritableException">It could not be stored.</exception>
    public async Task KeepAsync(string by, DateTimeOffset at, CancellationToken cancellation)
    {
        try
        {
            var last = await LastAsync(cancellation).ConfigureAwait(false);
            if (last?.Digest != change.Digest)
            {
                var kept = new KeptText(change.Digest, by, at, change.Files);
                var payload = JsonSerializer.Serialize(kept, ApprovalsJson.Readable.KeptText);
                await Stream.AddAsync("ApprovedText", payload, cancellation).ConfigureAwait(false);
            }
        }
        catch (StreamBrokenException)
        {
            // It only tells which lines were edited; what was approved is the digest, in a chain of its own.
        }
    }

    /// <summary>Which lines are other than in the text that was approved last; null where none was, or it was this one.</summary>
    internal async Task<Message?> EditedSinceAsync(CancellationToken cancellation)
    {
        KeptText? kept;
        try
        {
            kept = await LastAsync(cancellation).ConfigureAwait(false);
        }
        catch (StreamBrokenException e)
        {
            return e.Problem;
        }

        if (kept is null || kept.Digest == change.Digest)
        {
            return null;
        }

        var lines = TextDifference.Of(kept.Files, change.Files);
        return Message.Of(
            "gates.approval.edited",
            ("by", kept.By),
            ("at", kept.At),
            ("lines", lines.Count == 0 ? Message.Of("gates.approval.same-lines") : Several.Of(lines))
        );
    }

    private async Task<KeptText?> LastAsync(CancellationToken cancellation)
    {
        var last = await Stream.LastAsync(cancellation).ConfigureAwait(false);
        return last is null ? null : JsonSerializer.Deserialize(last.Payload, ApprovalsJson.Readable.KeptText);
    }
}

/// <summary>As it stands in the journal.</summary>
internal sealed record KeptText(string Digest, string By, DateTimeOffset At, IReadOnlyList<ChangeFile> Files);

/// <summary>What this folder keeps in the journal and reads of others' answers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(KeptText))]
internal sealed partial class ApprovalsJson : JsonSerializerContext
{
    /// <summary>Non-ASCII letters stay readable in the journal.</summary>
    public static ApprovalsJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
