using System.Buffers.Binary;
using System.Text;

namespace Tidelock.Signatures;

/// <summary>A public key as OpenSSH writes it: texts, each with its length before it, of which the first is the key's type.</summary>
internal static class SshKeyBlob
{
    private const string Certified = "-cert-v01@openssh.com";
    private const string OpenSshs = "@openssh.com";

    /// <summary>
    /// The bare key: of a certificate the one that is certified, so that one person with two certificates has one key. A certificate has the
    /// key's parts after its own type and a nonce, and before what the authority says of it.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is cut off.</exception>
    public static byte[] OfKey(ReadOnlySpan<byte> blob)
    {
        var (type, rest) = Next(blob);
        var name = Encoding.ASCII.GetString(type);
        if (!name.EndsWith(Certified, StringComparison.Ordinal))
        {
            return blob.ToArray();
        }

        var bare = name[..^Certified.Length];
        bare = bare.StartsWith("sk-", StringComparison.Ordinal) ? bare + OpenSshs : bare;
        var begin = Next(rest).Rest;
        var end = begin;
        for (var part = 0; part < PartsOf(bare); part++)
        {
            end = Next(end).Rest;
        }

        var length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, bare.Length);
        return [.. length, .. Encoding.ASCII.GetBytes(bare), .. begin[..^end.Length]];
    }

    /// <summary>How many parts a key has after its type.</summary>
    private static int PartsOf(string type) =>
        type switch
        {
            "ssh-ed25519" => 1,
            "sk-ecdsa-sha2-nistp256@openssh.com" => 3,
            _ => 2,
        };

    private static Part Next(ReadOnlySpan<byte> bytes)
    {
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
        return new Part(bytes.Slice(sizeof(int), length), bytes[(sizeof(int) + length)..]);
    }

    private readonly ref struct Part(ReadOnlySpan<byte> text, ReadOnlySpan<byte> rest)
    {
        public ReadOnlySpan<byte> Text { get; } = text;

        public ReadOnlySpan<byte> Rest { get; } = rest;

        public void Deconstruct(out ReadOnlySpan<byte> text, out ReadOnlySpan<byte> rest)
        {
            text = Text;
            rest = Rest;
        }
    }
}
