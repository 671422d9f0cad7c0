using System.Text;

namespace Tidelock.Cli.Rendering;

/// <summary>Writes a mark that a set of characters does not have as one that every set has; a letter as a question mark.</summary>
internal sealed class PlainMarks : EncoderFallback
{
    private static readonly Dictionary<char, string> Marks = new()
    {
        ['✓'] = "+",
        ['✗'] = "x",
        ['▶'] = ">",
        ['‖'] = "|",
        ['●'] = "*",
        ['↩'] = "<",
        ['↪'] = ">",
        ['⇄'] = "=",
        ['…'] = "...",
        ['·'] = ".",
        ['–'] = "-",
        ['—'] = "-",
        ['−'] = "-",
        ['→'] = "->",
        ['≠'] = "!",
        ['≤'] = "<=",
        ['≥'] = ">=",
        ['±'] = "+-",
        ['×'] = "x",
        ['µ'] = "u",
        ['“'] = "\"",
        ['”'] = "\"",
        ['’'] = "'",
        ['〃'] = "\"",
        ['░'] = ".",
        ['█'] = "#",
        ['▁'] = "_",
        ['▂'] = "_",
        ['▃'] = "-",
        ['▄'] = "-",
        ['▅'] = "=",
        ['▆'] = "=",
        ['▇'] = "#",
    };

    public override int MaxCharCount => 3;

    public override EncoderFallbackBuffer CreateFallbackBuffer() => new Buffer();

    private sealed class Buffer : EncoderFallbackBuffer
    {
        private string text = "";
        private int at;

        public override int Remaining => text.Length - at;

        public override bool Fallback(char charUnknown, int index)
        {
            (text, at) = (Marks.GetValueOrDefault(charUnknown, "?"), 0);
            return true;
        }

        public override bool Fallback(char charUnknownHigh, char charUnknownLow, int index)
        {
            (text, at) = ("?", 0);
            return true;
        }

        public override char GetNextChar() => at < text.Length ? text[at++] : '\0';

        public override bool MovePrevious()
        {
            if (at == 0)
            {
                return false;
            }

            at--;
            return true;
        }
    }
}
