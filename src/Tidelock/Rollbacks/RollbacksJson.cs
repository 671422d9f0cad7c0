using System.Text.Json.Serialization;
using Tidelock.Backups.Losses;
using Tidelock.Backups.Restoring;
using Tidelock.Checks;
using Tidelock.Postgres;
using Tidelock.Programs;
using Tidelock.Rollbacks.Beside;

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
[JsonSerializable(typeof(IReadOnlyList<SequenceStand>))]
[JsonSerializable(typeof(SwapPlan))]
[JsonSerializable(typeof(SwapCarried))]
[JsonSerializable(typeof(StartedChild))]
[JsonSerializable(typeof(CheckResult))]
[JsonSerializable(typeof(BesideBegun))]
[JsonSerializable(typeof(BesideMade))]
[JsonSerializable(typeof(BesideRestored))]
[JsonSerializable(typeof(BesideProven))]
internal sealed partial class RollbacksJson : JsonSerializerContext;
