using System.Text.Json.Serialization;

namespace Tidelock.Migrations.Alembic;

/// <summary>What <c>ask.py</c> found.</summary>
/// <param name="Version">Alembic's.</param>
/// <param name="Heads">The ends of the history; one, or the project is to be merged first.</param>
/// <param name="Current">What alembic_version holds.</param>
/// <param name="Wanted">The revision the change leads to; empty where it was not looked for.</param>
/// <param name="Back">The revision the change names for the way back, empty for the beginning; null where it names none that lies before.</param>
/// <param name="Steps">The revisions that are to be applied, in order.</param>
/// <param name="System">System identifier of the server its env.py connects to; null where it connected nowhere.</param>
/// <param name="Database">And the database.</param>
/// <param name="Application">The application name of its connection.</param>
/// <param name="LockTimeout">In milliseconds, as its connection has it.</param>
/// <param name="Width">How many characters fit into version_num.</param>
internal sealed record AlembicAnswer(
    string Version,
    IReadOnlyList<string> Heads,
    IReadOnlyList<string> Current,
    string Wanted,
    string? Back,
    IReadOnlyList<AlembicStep> Steps,
    string? System,
    string? Database,
    string? Application,
    string? LockTimeout,
    int? Width
);

/// <summary>One revision.</summary>
internal sealed record AlembicStep(string Id, string Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AlembicAnswer))]
internal sealed partial class AlembicJson : JsonSerializerContext;
