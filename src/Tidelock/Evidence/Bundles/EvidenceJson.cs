using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidelock.Evidence.Bundles;

/// <summary>Statements and envelopes as JSON: camelCase, enums by name. A public contract.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    NewLine = "\n",
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true
)]
[JsonSerializable(typeof(EvidenceStatement))]
[JsonSerializable(typeof(SignedEnvelope))]
internal sealed partial class EvidenceJson : JsonSerializerContext
{
    /// <summary>Non-ASCII letters stay readable.</summary>
    public static EvidenceJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!)
            {
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
