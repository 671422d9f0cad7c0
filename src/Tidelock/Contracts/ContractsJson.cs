using System.Text.Json.Serialization;

namespace Tidelock.Contracts;

/// <summary>Facts of this folder as they stand in the journal.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(CandidateFindings))]
[JsonSerializable(typeof(ContentFindings))]
internal sealed partial class ContractsJson : JsonSerializerContext;
