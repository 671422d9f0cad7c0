using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>A way back as people ask for it.</summary>
/// <param name="Method">Its name.</param>
/// <param name="Rescues">Whether rows that it would lose are saved into side tables.</param>
public sealed record RollbackWay(string Method, bool Rescues = false)
{
    /// <summary>The method that takes a rollback back.</summary>
    public const string Undo = "undo";

    private const string Rescue = "rescue";

    /// <summary>Reads what <see cref="Format"/> wrote, and a bare name of a method.</summary>
    /// <param name="argument">Words; empty for the way that the change declares.</param>
    /// <param name="declared">The method of the change.</param>
    public static RollbackWay Parse(string argument, string declared)
    {
        var words = argument.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return new RollbackWay(words.FirstOrDefault(w => w is not Rescue) ?? declared, words.Contains(Rescue));
    }

    /// <summary>As the argument of a command.</summary>
    public string Format() => Rescues ? $"{Method} {Rescue}" : Method;

    /// <summary>The event that begins it.</summary>
    internal RollbackStarted Begin(Message reason, string? by) => new(Method, reason, by) { Rescues = Rescues };
}
