using System.Text.Json.Serialization;
using Tidelock.Migrations.Statements;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Programs;

namespace Tidelock.Migrations;

/// <summary>JSON of what a migration records in the journal.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(MigrationTry))]
[JsonSerializable(typeof(StatementMark))]
[JsonSerializable(typeof(ToolPath))]
[JsonSerializable(typeof(StartedChild))]
[JsonSerializable(typeof(StandbyReplay))]
[JsonSerializable(typeof(StandbyConflicts))]
public sealed partial class MigrationsJson : JsonSerializerContext;
