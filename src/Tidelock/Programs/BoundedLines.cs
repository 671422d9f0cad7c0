using System.Text;

namespace Tidelock.Programs;

/// <summary>What a program says, line by line as it comes. Of a line that is longer than any a person writes the beginning is kept.</summary>
internal sealed class BoundedLines(int longest, Action<string> onLine)
{
    public async Task FillAsync(Stream said, CancellationToken cancellation)
    {
        var line = new MemoryStream();
        var block = new byte[16 * 1024];
        int read;
        while ((read = await said.ReadAsync(block, cancellation).ConfigureAwait(false)) > 0)
        {
            Take(block.AsSpan(0, read), line);
        }

        if (line.Length > 0)
        {
            End(line);
        }
    }

    private void Take(ReadOnlySpan<byte> block, MemoryStream line)
    {
        while (!block.IsEmpty)
        {
            var end = block.IndexOf((byte)'\n');
            var part = end < 0 ? block : block[..end];
            line.Write(part[..Math.Min(part.Length, Math.Max(0, longest - (int)line.Length))]);
            block = end < 0 ? [] : block[(end + 1)..];
            if (end >= 0)
            {
                End(line);
            }
        }
    }

    private void End(MemoryStream line)
    {
        onLine(Encoding.UTF8.GetString(line.GetBuffer(), 0, (int)line.Length).TrimEnd('\r'));
        line.SetLength(0);
    }
}
