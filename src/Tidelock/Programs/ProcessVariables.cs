using System.Collections;

namespace Tidelock.Programs;

/// <summary>The environment variables this process was started with.</summary>
public static class ProcessVariables
{
    public static IReadOnlyDictionary<string, string> Read() =>
        Environment
            .GetEnvironmentVariables()
            .Cast<DictionaryEntry>()
            .ToDictionary(v => (string)v.Key, v => (string?)v.Value ?? "", StringComparer.Ordinal);
}
