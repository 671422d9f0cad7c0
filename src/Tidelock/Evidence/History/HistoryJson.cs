using System.Text.Json.Serialization;

namespace Tidelock.Evidence.History;

/// <summary>The history as JSON: camelCase, enums by name.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UseStringEnumConverter = true,
    WriteIndented = true,
    NewLine = "\n"
)]
[JsonSerializable(typeof(DeploymentHistory))]
internal sealed partial class HistoryJson : JsonSerializerContext;
