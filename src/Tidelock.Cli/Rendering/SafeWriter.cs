using System.Text;

namespace Tidelock.Cli.Rendering;

/// <summary>
/// Writes to a terminal or pipe that may go away at any moment: a run survives that. The first failure ends the writing, not the
/// program.
/// </summary>
internal sealed class SafeWriter(TextWriter inner) : TextWriter
{
    private bool gone;

    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => Try(() => inner.Write(value));

    public override void Write(string? value) => Try(() => inner.Write(value));

    public override void Write(char[] buffer, int index, int count) => Try(() => inner.Write(buffer, index, count));

    public override void WriteLine(string? value) => Try(() => inner.WriteLine(value));

    public override void Flush() => Try(inner.Flush);

    private void Try(Action write)
    {
        if (gone)
        {
            return;
        }

        try
        {
            write();
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            gone = true;
        }
    }
}
