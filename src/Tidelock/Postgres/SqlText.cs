namespace Tidelock.Postgres;

/// <summary>SQL that stands in a <c>.sql</c> file beside the class that runs it.</summary>
internal static class SqlText
{
    /// <summary>The text of <c>NAME.sql</c> in the folder of <typeparamref name="T"/>.</summary>
    public static string Beside<T>(string name)
    {
        var type = typeof(T);
        using var stream =
            type.Assembly.GetManifestResourceStream($"{type.Namespace}.{name}.sql")
            ?? throw new InvalidOperationException($"{type.Namespace}.{name}.sql is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
