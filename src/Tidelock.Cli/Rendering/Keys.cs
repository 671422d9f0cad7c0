namespace Tidelock.Cli.Rendering;

/// <summary>Single keys from the terminal, read without stopping anything else.</summary>
internal static class Keys
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <summary>The first of <paramref name="keys"/> that is pressed; null when the terminal is gone.</summary>
    public static async Task<char?> ReadAsync(string keys, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                while (Console.KeyAvailable)
                {
                    var key = char.ToLowerInvariant(Console.ReadKey(intercept: true).KeyChar);
                    if (keys.Contains(key, StringComparison.Ordinal))
                    {
                        return key;
                    }
                }

                await Task.Delay(Look, time, cancellation);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or IOException)
        {
            return null;
        }
    }
}
