namespace Tidelock.Watching;

/// <summary>A condition's bound once its baseline is known.</summary>
/// <param name="Past">The values past it.</param>
/// <param name="Text">The bound as people read it.</param>
/// <param name="Gross">The values so far past it that nobody waits for the window; null where there are none.</param>
internal sealed record Limits(Band Past, string Text, GrossLimit? Gross = null)
{
    /// <summary>Whether whatever is past the others is past these, and grossly past them too.</summary>
    public bool Cover(Limits others) =>
        Past.Covers(others.Past) && (others.Gross is null || (Gross?.Past.Covers(others.Gross.Past) ?? false));
}

/// <summary>Where a breach is gross.</summary>
/// <param name="Past">The values past it.</param>
/// <param name="Text">The bound as people read it.</param>
internal sealed record GrossLimit(Band Past, string Text);
