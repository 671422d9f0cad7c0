using Tidelock.Texts;

namespace Tidelock.Backups;

/// <summary>The names of the levels, as people read them.</summary>
internal static class BackupLevels
{
    /// <summary>What is meant by a level that a change demands.</summary>
    public static Message Demanded(BackupLevel level) =>
        Message.Of(
            level switch
            {
                BackupLevel.Taken => "backups.level.taken",
                BackupLevel.Verified => "backups.level.verified",
                BackupLevel.Rehearsed => "backups.level.rehearsed",
            }
        );
}
