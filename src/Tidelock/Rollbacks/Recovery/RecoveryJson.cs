using System.Text.Json.Serialization;
using Tidelock.Backups;

namespace Tidelock.Rollbacks.Recovery;

/// <summary>Facts of this folder as they stand in the journal.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(SourcedBackup))]
[JsonSerializable(typeof(RecoveryMoment))]
[JsonSerializable(typeof(RecoveryAsk))]
[JsonSerializable(typeof(RecoveryWord))]
internal sealed partial class RecoveryJson : JsonSerializerContext;
