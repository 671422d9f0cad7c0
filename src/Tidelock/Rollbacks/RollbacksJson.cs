using System.Text.Json.Serialization;
using Tidelock.Backups;

namespace Tidelock.Rollbacks;

/// <summary>Facts of this folder as they stand in the journal.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(RunBaseline))]
[JsonSerializable(typeof(RunBackup))]
[JsonSerializable(typeof(RestoreIntent))]
[JsonSerializable(typeof(RestoreEnd))]
internal sealed partial class RollbacksJson : JsonSerializerContext;
