namespace Tidelock.Changes;

/// <summary>A file that belongs to a change: read once, part of the digest.</summary>
/// <param name="Path">Relative to the change's folder, with forward slashes.</param>
/// <param name="Text">Its content.</param>
public sealed record ChangeFile(string Path, string Text);
