using System.Text.Json.Serialization;
using Tidelock.Changes;

namespace Tidelock.Deployments;

/// <summary>Facts of this folder as they stand in the journal.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(IReadOnlyList<ChangeFile>))]
internal sealed partial class DeploymentsJson : JsonSerializerContext;
