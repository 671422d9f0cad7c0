using System.Text.Json;
using Tidelock.Changes;
using Tidelock.Runs;

namespace Tidelock.Deployments;

/// <summary>The change's files as the run began with them, kept in its journal: a rollback days later needs no checkout.</summary>
public static class RunFiles
{
    private const string Step = "prerequisites";
    private const string Fact = "change";

    internal static FactRecorded Of(Change change) =>
        new(
            Step,
            Fact,
            JsonSerializer.SerializeToElement(change.Files, DeploymentsJson.Default.IReadOnlyListChangeFile)
        );

    /// <summary>Whether the run was opened to its end: its files are the last thing that is written then.</summary>
    internal static bool IsIn(RunState state) => state.Fact(Step, Fact) is not null;

    /// <summary>Writes the files into a folder; false when the journal has none.</summary>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static async Task<bool> WriteAsync(RunState state, string folder, CancellationToken cancellation)
    {
        if (state.Fact(Step, Fact)?.Deserialize(DeploymentsJson.Default.IReadOnlyListChangeFile) is not { } files)
        {
            return false;
        }

        foreach (var file in files)
        {
            var path = Path.Combine(folder, file.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, file.Text, cancellation).ConfigureAwait(false);
        }

        return true;
    }
}
