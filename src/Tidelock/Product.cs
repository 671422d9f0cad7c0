namespace Tidelock;

/// <summary>What this program is.</summary>
public static class Product
{
    /// <summary>For example <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(Product).Assembly.GetName().Version?.ToString(3) ?? "0";
}
