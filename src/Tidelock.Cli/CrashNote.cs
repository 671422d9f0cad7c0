using System.Globalization;
using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>What nobody foresaw: the details go into a file, the terminal gets one sentence.</summary>
internal static class CrashNote
{
    public static async Task<Message> WriteAsync(Exception e, IReadOnlyDictionary<string, string> variables)
    {
        var at = TimeProvider.System.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        try
        {
            var folder = Path.Combine(StateFolder.Of(variables), "crashes");
            Directory.CreateDirectory(folder);
            var file = Path.Combine(folder, $"{at}-{Environment.ProcessId}.txt");
            var options = new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            await using (var writer = new StreamWriter(file, options))
            {
                await writer.WriteAsync(Secrets.OfProcess.Scrub(e.ToString()));
            }

            return Message.Of("cli.crash", ("kind", e.GetType().Name), ("reason", e.Message), ("file", file));
        }
        catch (Exception no) when (no is IOException or UnauthorizedAccessException or TidelockException)
        {
            return Message.Of("cli.crash-unwritten", ("kind", e.GetType().Name), ("reason", e.Message));
        }
    }
}
