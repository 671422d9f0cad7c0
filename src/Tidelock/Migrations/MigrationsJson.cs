using System.Text.Json.Serialization;

namespace Tidelock.Migrations;

/// <summary>JSON of what a migration records in the journal.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MigrationTry))]
public sealed partial class MigrationsJson : JsonSerializerContext;
