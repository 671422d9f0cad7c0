using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Tidelock.Notifications.Webhook;

/// <summary>
/// Signs as the specification Standard Webhooks says: HMAC-SHA256 over <c>ID.TIMESTAMP.BODY</c>, so that receivers can verify with the
/// libraries there are.
/// </summary>
internal static class WebhookSignature
{
    private const string Prefix = "whsec_";

    /// <summary>The value of the header <c>webhook-signature</c>.</summary>
    /// <param name="secret"><c>whsec_</c> and the key in base64, or any text, whose UTF-8 bytes are the key.</param>
    /// <param name="id">The event's id: the same at every try.</param>
    /// <param name="at">When this try is made.</param>
    /// <param name="body">The bytes that are sent.</param>
    public static string Of(string secret, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        var head = string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.");
        byte[] signed = [.. Encoding.UTF8.GetBytes(head), .. body];
        return $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Key(secret), signed))}";
    }

    private static byte[] Key(string secret)
    {
        var key = new byte[secret.Length];
        return
            secret.StartsWith(Prefix, StringComparison.Ordinal)
            && Convert.TryFromBase64String(secret[Prefix.Length..], key, out var length)
            ? key[..length]
            : Encoding.UTF8.GetBytes(secret);
    }
}
