using Tidelock.Backups;
using Tidelock.Runs;
using Tidelock.Texts;

namespace Tidelock.Gates;

/// <summary>
/// Whether production's data may lie unencrypted where this run would put them. The gate asks before a start, the step again before each dump: a gate that is only
/// recommended does not keep a run from starting, and a run may be resumed on another machine than the one that was consented to.
/// </summary>
internal static class BackupConsent
{
    private const string Given = "gates.backup.consented";
    private const string Machine = "machine";

    /// <summary>What lacks a consent; null where none is needed, or it was given for this machine.</summary>
    public static async Task<Message?> LackingAsync(
        StepContext context,
        BackupOptions options,
        CancellationToken cancellation
    )
    {
        var production = context.TargetEnvironment.Name != context.Change.Section<GateOptions>().Staging.Environment;
        var elsewhere = await PlainElsewhere
            .ProblemAsync(options, production, context.Target, cancellation)
            .ConfigureAwait(false);
        return elsewhere is not null && IsGiven(context.State) ? null : elsewhere;
    }

    /// <summary>The gate's finding once somebody has consented.</summary>
    public static Message Of(Message taken, Word word) =>
        Message.Of(
            Given,
            ("taken", taken),
            ("by", word.By),
            ("at", word.At),
            ("note", word.Note),
            (Machine, Environment.MachineName)
        );

    private static bool IsGiven(RunState state) =>
        state.Gates.TryGetValue("backup", out var gate)
        && gate.Passed
        && gate.Finding.Code == Given
        && gate.Finding.Arguments.GetValueOrDefault(Machine) == Environment.MachineName;
}
