using Tidelock.Texts;

namespace Tidelock.Runs;

/// <summary>A stream that belongs to no run was changed: nothing that stands in it can be relied on.</summary>
public sealed class StreamBrokenException(Message problem) : TidelockException(problem, ExitCode.NeedsPerson);
