namespace Tidelock.Watching;

/// <summary>A rule over signals, as written and as understood. Evaluated by pure code from timestamped samples.</summary>
/// <param name="Text">As the author wrote it: <c>error_rate &gt; 1% for 5m</c>.</param>
public abstract record Criterion(string Text);
