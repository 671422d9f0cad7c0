using Tidelock.Texts;

namespace Tidelock.Cli;

/// <summary>A file that was asked for on the command line.</summary>
internal static class OutputFile
{
    /// <exception cref="TidelockException">It cannot be written.</exception>
    public static async Task WriteAsync(string path, string text, CancellationToken cancellation)
    {
        try
        {
            await File.WriteAllTextAsync(path, text, cancellation);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new TidelockException(
                Message.Of("cli.report.unwritten", ("file", path), ("reason", e.Message)),
                ExitCode.Mistake,
                e
            );
        }
    }
}
