using System.Buffers;
using System.Text;

namespace Tidelock.Programs;

/// <summary>The beginning of what a program says. The rest is read and forgotten, so that it neither waits for us nor fills our memory.</summary>
internal sealed class BoundedText(int longest)
{
    private readonly ArrayBufferWriter<byte> kept = new();

    public string Text => Encoding.UTF8.GetString(kept.WrittenSpan);

    /// <summary>For people. Where it was cut, up to the last whole word: half a secret is none that is known, and would not be hidden.</summary>
    public string Words => (IsCut ? Text[..(Text.AsSpan().LastIndexOfAny(' ', '\t', '\n') + 1)] : Text).Trim();

    /// <summary>Whether it said more.</summary>
    public bool IsCut { get; private set; }

    public async Task FillAsync(Stream said, CancellationToken cancellation)
    {
        var block = new byte[4096];
        int read;
        while ((read = await said.ReadAsync(block, cancellation).ConfigureAwait(false)) > 0)
        {
            var room = Math.Min(read, longest - kept.WrittenCount);
            kept.Write(block.AsSpan(0, room));
            IsCut |= room < read;
        }
    }
}
