namespace Tidelock.Probes.Command;

/// <summary><c>{ command: [./queue-length] }</c>: the number a program prints.</summary>
/// <param name="Signal">The name criteria use.</param>
/// <param name="Unit">What the number stands for.</param>
/// <param name="Command">The program and its arguments.</param>
/// <param name="Folder">The change's folder, where it runs.</param>
/// <param name="Within">How long it may take; null for the tick's part.</param>
public sealed record CommandProbeOptions(
    string Signal,
    SignalUnit Unit,
    IReadOnlyList<string> Command,
    string Folder,
    TimeSpan? Within
) : ProbeOptions(Signal, Unit);
