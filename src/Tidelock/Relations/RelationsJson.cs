using System.Text.Json.Serialization;

namespace Tidelock.Relations;

/// <summary>JSON of closures: in the journal and from the catalogs.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(RelationClosure))]
[JsonSerializable(typeof(CapturedRelation))]
[JsonSerializable(typeof(CapturedObject))]
[JsonSerializable(typeof(IReadOnlyList<ClosureDifference>))]
public sealed partial class RelationsJson : JsonSerializerContext;
