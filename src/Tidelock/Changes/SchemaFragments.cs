namespace Tidelock.Changes;

/// <summary>The pieces of the JSON Schema, each a <c>.schema.json</c> beside the class that owns it.</summary>
public static class SchemaFragments
{
    /// <summary>The text of <c>{name}.schema.json</c> in the folder of <typeparamref name="TOwner"/>.</summary>
    public static string Beside<TOwner>(string name)
    {
        var resource = $"{typeof(TOwner).Namespace}.{name}.schema.json";
        using var stream =
            typeof(TOwner).Assembly.GetManifestResourceStream(resource)
            ?? throw new InvalidOperationException($"{resource} is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
