using System.Diagnostics;
using System.Text.Json;
using Tidelock.Runs;

namespace Tidelock.Crash.Host;

/// <summary>
/// Kills its own process with SIGKILL before or after an append, at each kind of append once: which ones were met is kept in a file
/// that outlives the process. <c>CRASH_WHEN</c> is <c>before</c> or <c>after</c>, and may name the kinds to die at, as
/// <c>before MigrationApplied RunEnded</c> does; <c>CRASH_FILE</c> is the file.
/// </summary>
internal sealed class KillingJournal(IJournal real, string when, string[] kinds, string file) : IJournal
{
    public string Location => real.Location;

    public static IJournal Around(IJournal real) =>
        Environment.GetEnvironmentVariable("CRASH_WHEN")?.Split(' ') is [{ Length: > 0 } when, .. var kinds]
            ? new KillingJournal(real, when, kinds, Environment.GetEnvironmentVariable("CRASH_FILE")!)
            : real;

    public async Task<AppendResult> AppendAsync(JournalEntry entry, long? epoch, CancellationToken cancellation)
    {
        var isNew = await IsNewAsync(entry, cancellation);
        if (isNew && when == "before")
        {
            Die();
        }

        var result = await real.AppendAsync(entry, epoch, cancellation);
        if (isNew)
        {
            Die();
        }

        return result;
    }

    public IAsyncEnumerable<JournalEntry> ReadAsync(string stream, long after, CancellationToken cancellation) =>
        real.ReadAsync(stream, after, cancellation);

    public Task<long> TakeEpochAsync(RunId run, long? after, CancellationToken cancellation) =>
        real.TakeEpochAsync(run, after, cancellation);

    public Task<IReadOnlyList<RunHeads>> ListAsync(CancellationToken cancellation) => real.ListAsync(cancellation);

    public Task SendAsync(RunCommand command, CancellationToken cancellation) => real.SendAsync(command, cancellation);

    public Task<IReadOnlyList<RunCommand>> InboxAsync(RunId run, CancellationToken cancellation) =>
        real.InboxAsync(run, cancellation);

    public ValueTask DisposeAsync() => real.DisposeAsync();

    /// <summary>The signal is delivered before the call returns.</summary>
    private static void Die()
    {
        using var self = Process.GetCurrentProcess();
        self.Kill();
    }

    private async Task<bool> IsNewAsync(JournalEntry entry, CancellationToken cancellation)
    {
        if (kinds.Length > 0 && !kinds.Contains(entry.Kind, StringComparer.Ordinal))
        {
            return false;
        }

        var key = KeyOf(entry);
        var met = File.Exists(file) ? await File.ReadAllLinesAsync(file, cancellation) : [];
        if (met.Contains(key, StringComparer.Ordinal))
        {
            return false;
        }

        await File.AppendAllTextAsync(file, key + "\n", cancellation);
        return true;
    }

    /// <summary>What is appended, without what differs from one attempt to the next.</summary>
    private static string KeyOf(JournalEntry entry)
    {
        using var payload = JsonDocument.Parse(entry.Payload);
        string? Of(string name) =>
            payload.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        return string.Join(
            ' ',
            entry.Kind,
            Of("gate"),
            Of("step"),
            Of("name"),
            Of("method"),
            Of("result"),
            Of("channel")
        );
    }
}
