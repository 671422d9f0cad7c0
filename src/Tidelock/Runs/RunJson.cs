using System.Text.Json;
using System.Text.Json.Serialization;
using Tidelock.Watching;

namespace Tidelock.Runs;

/// <summary>How events stand in the journal: camelCase, enums by name, one line. A public contract.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals
)]
[JsonSerializable(typeof(RunEvent))]
[JsonSerializable(typeof(RunState))]
[JsonSerializable(typeof(Word))]
[JsonSerializable(typeof(SoakLook))]
[JsonSerializable(typeof(BoundWish))]
[JsonSerializable(typeof(WatchedRules))]
[JsonSerializable(typeof(PointOfNoReturn))]
[JsonSerializable(typeof(IReadOnlyList<SignalDelay>))]
internal sealed partial class RunJson : JsonSerializerContext
{
    /// <summary>Non-ASCII letters stay readable in the journal.</summary>
    public static RunJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!)
            {
                Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
