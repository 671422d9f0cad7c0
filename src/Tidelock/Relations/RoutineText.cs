namespace Tidelock.Relations;

/// <summary>A function or procedure as <c>pg_get_functiondef</c> writes it.</summary>
/// <param name="Name">Its name with schema, as it stands in the text behind the first words.</param>
/// <param name="Text">The whole statement.</param>
internal sealed record RoutineText(string Name, string Text)
{
    private static readonly string[] Beginnings = ["CREATE OR REPLACE FUNCTION ", "CREATE OR REPLACE PROCEDURE "];

    /// <summary>The same under another name; null when the text does not begin as expected.</summary>
    public RoutineText? Named(string name) =>
        Array.Find(Beginnings, b => Text.StartsWith($"{b}{Name}(", StringComparison.Ordinal)) is { } beginning
            ? new(name, beginning + name + Text[(beginning.Length + Name.Length)..])
            : null;
}
