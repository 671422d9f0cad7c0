using System.Security.Cryptography;

namespace Tidelock.Runs;

/// <summary>A run's name: 26 characters that sort by time (ULID, Crockford base 32).</summary>
public readonly record struct RunId(string Value)
{
    private const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    public static RunId New(TimeProvider time)
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes[6..]);
        var stamp = time.GetUtcNow().ToUnixTimeMilliseconds();
        for (var i = 5; i >= 0; i--, stamp >>= 8)
        {
            bytes[i] = (byte)stamp;
        }

        return new RunId(
            Encode(
                new UInt128(
                    System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes),
                    System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes[8..])
                )
            )
        );
    }

    /// <summary><c>tidelock/RUN/EPOCH</c>: 63 bytes at most, so PostgreSQL does not cut it.</summary>
    public string ApplicationName(long epoch) => $"tidelock/{Value}/{epoch}";

    public override string ToString() => Value;

    private static string Encode(UInt128 number)
    {
        Span<char> text = stackalloc char[26];
        for (var i = 25; i >= 0; i--, number >>= 5)
        {
            text[i] = Alphabet[(int)(uint)(number & 31)];
        }

        return new string(text);
    }
}
