using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidelock.Evidence.Bundles;

/// <summary>
/// A statement with its signatures in one file: a DSSE envelope. What is signed is the payload's bytes together with their type (the
/// pre-authentication encoding), by <c>ssh-keygen -Y sign</c>; <c>sig</c> is that program's armored text in base64.
/// </summary>
/// <param name="PayloadType">What the payload is.</param>
/// <param name="Payload">The statement's bytes, in base64.</param>
/// <param name="Signatures">At least one.</param>
public sealed record SignedEnvelope(string PayloadType, string Payload, IReadOnlyList<EnvelopeSignature> Signatures)
{
    /// <summary>The namespace of the signatures: one made for another purpose is none here.</summary>
    public const string Namespace = "tidelock-evidence";

    public const string StatementType = "application/vnd.in-toto+json";

    internal static SignedEnvelope Unsigned(EvidenceStatement statement) =>
        new(StatementType, Convert.ToBase64String(statement.ToBytes()), []);

    internal SignedEnvelope With(string armored) =>
        this with
        {
            Signatures =
            [
                .. Signatures,
                new EnvelopeSignature(Convert.ToBase64String(Encoding.UTF8.GetBytes(armored))),
            ],
        };

    /// <summary>The payload as it stands, to the byte.</summary>
    /// <exception cref="FormatException">It is not base64.</exception>
    internal byte[] Bytes() => Convert.FromBase64String(Payload);

    /// <summary>What is signed: <c>DSSEv1 LENGTH TYPE LENGTH PAYLOAD</c>.</summary>
    /// <exception cref="FormatException">The payload is not base64.</exception>
    internal byte[] Signed()
    {
        var payload = Bytes();
        var head = string.Create(
            CultureInfo.InvariantCulture,
            $"DSSEv1 {Encoding.UTF8.GetByteCount(PayloadType)} {PayloadType} {payload.Length} "
        );
        return [.. Encoding.UTF8.GetBytes(head), .. payload];
    }

    /// <exception cref="JsonException">It is no envelope.</exception>
    internal static SignedEnvelope Parse(string json) =>
        JsonSerializer.Deserialize(json, EvidenceJson.Default.SignedEnvelope) ?? throw new JsonException("null");

    internal string ToJson() => JsonSerializer.Serialize(this, EvidenceJson.Readable.SignedEnvelope) + "\n";
}

/// <summary>One signature.</summary>
/// <param name="Sig">In base64.</param>
public sealed record EnvelopeSignature(string Sig)
{
    /// <summary>A hint at the key, which says nothing by itself; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Keyid { get; init; }

    /// <exception cref="FormatException">It is not base64.</exception>
    internal string Armored() => Encoding.UTF8.GetString(Convert.FromBase64String(Sig));
}
