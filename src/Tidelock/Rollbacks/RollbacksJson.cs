using System.Text.Json.Serialization;
using Tidelock.Backups;
using Tidelock.Programs;

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
[JsonSerializable(typeof(RehearsedWay))]
[JsonSerializable(typeof(RescuedRows))]
[JsonSerializable(typeof(StartedChild))]
internal sealed partial class RollbacksJson : JsonSerializerContext;
