using System.Text.Json;

namespace Tidelock.Runs;

/// <summary>The looks at one digest in one environment after its run was completed: read and added to, never changed.</summary>
public sealed class SoakBook(IJournal journal, string digest, string environment)
{
    private readonly SharedStream stream = new(journal, $"{digest}@{environment}/soak");

    /// <summary>All looks, oldest first.</summary>
    public async Task<IReadOnlyList<SoakLook>> ReadAsync(CancellationToken cancellation)
    {
        var looks = new List<SoakLook>();
        await foreach (var entry in stream.ReadAsync(cancellation).ConfigureAwait(false))
        {
            looks.Add(JsonSerializer.Deserialize(entry.Payload, RunJson.Readable.SoakLook)!);
        }

        return looks;
    }

    /// <exception cref="JournalUnwritableException">It could not be stored.</exception>
    public Task AddAsync(SoakLook look, CancellationToken cancellation) =>
        stream.AddAsync(look.Kind, JsonSerializer.Serialize(look, RunJson.Readable.SoakLook), cancellation);
}
