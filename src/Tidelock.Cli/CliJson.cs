using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tidelock.Cli;

/// <summary>What <c>--json</c> prints beside journal events and reports: camelCase, enums by name, one line each.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RunSummary))]
[JsonSerializable(typeof(MistakeLine))]
[JsonSerializable(typeof(EndLine))]
[JsonSerializable(typeof(PlanLine))]
[JsonSerializable(typeof(RehearsalLine))]
[JsonSerializable(typeof(WaitingCommand))]
[JsonSerializable(typeof(NoticeLine))]
[JsonSerializable(typeof(ContractLine))]
internal sealed partial class CliJson : JsonSerializerContext
{
    public static CliJson Readable =>
        field ??= new(
            new JsonSerializerOptions(Default.GeneratedSerializerOptions!)
            {
                Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            }
        );
}
