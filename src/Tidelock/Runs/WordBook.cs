using System.Text.Json;

namespace Tidelock.Runs;

/// <summary>The words people gave about one digest in one environment: read and added to, never changed.</summary>
public sealed class WordBook(IJournal journal, string digest, string environment)
{
    private readonly SharedStream stream = new(journal, $"{digest}@{environment}");

    /// <summary>All words, oldest first.</summary>
    public async Task<IReadOnlyList<Word>> ReadAsync(CancellationToken cancellation)
    {
        var words = new List<Word>();
        await foreach (var entry in stream.ReadAsync(cancellation).ConfigureAwait(false))
        {
            words.Add(JsonSerializer.Deserialize(entry.Payload, RunJson.Readable.Word)!);
        }

        return words;
    }

    /// <summary>Adds a word, beside whatever others add at the same moment.</summary>
    /// <exception cref="JournalUnwritableException">It could not be stored.</exception>
    public Task AddAsync(Word word, CancellationToken cancellation) =>
        stream.AddAsync(word.Kind.ToString(), JsonSerializer.Serialize(word, RunJson.Readable.Word), cancellation);
}
