using System.Text.Json;

namespace Tidelock.Runs;

/// <summary>Which criterion of the watch a person wants to be judged by instead of which; the argument of <see cref="RunVerb.Bound"/>.</summary>
/// <param name="InsteadOf">The criterion as it stands.</param>
/// <param name="Criterion">The one that is to take its place.</param>
/// <param name="Reason">Why, in that person's words.</param>
public sealed record BoundWish(string InsteadOf, string Criterion, string Reason)
{
    /// <summary>The wish of a command; null where the argument is none.</summary>
    public static BoundWish? Parse(string argument)
    {
        try
        {
            return
                JsonSerializer.Deserialize(argument, RunJson.Readable.BoundWish)
                    is { InsteadOf: not null, Criterion: not null, Reason: not null } wish
                ? wish
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>As the argument of a command.</summary>
    public string Format() => JsonSerializer.Serialize(this, RunJson.Readable.BoundWish);
}
