using System.Text.Json.Serialization;
using Tidelock.Backups.Restoring;

namespace Tidelock.Backups;

[JsonSourceGenerationOptions(
    WriteIndented = true,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(BackupManifest))]
[JsonSerializable(typeof(RehearsalRecord))]
[JsonSerializable(typeof(RestoreIntent))]
internal sealed partial class BackupJson : JsonSerializerContext;
