using Tidelock.Changes;

namespace Tidelock.Probes.Datadog;

/// <summary>Section <c>watch.datadog</c>: which Datadog is asked, and with which keys.</summary>
/// <param name="Address">The API's.</param>
public sealed record DatadogAccess(Uri Address)
{
    internal string? ApiKey { get; init; }

    internal string? ApplicationKey { get; init; }

    /// <summary>Null where a mistake leaves none.</summary>
    internal static DatadogAccess? Read(ChangeNode shared)
    {
        if (shared.Exists)
        {
            shared.Only("site", "apiKey", "applicationKey");
        }

        var site = shared["site"].ExpandedText("datadoghq.com");
        var apiKey = shared["apiKey"].Secret("${DD_API_KEY}");
        var applicationKey = shared["applicationKey"].Secret("${DD_APP_KEY}");
        var text = site.Contains("://", StringComparison.Ordinal) ? site : $"https://api.{site}";
        if (site.Length == 0 || apiKey is null || applicationKey is null)
        {
            return null;
        }

        // A variable that is not known yet leaves no address; nobody asks it before it is.
        var address = Uri.TryCreate(text, UriKind.Absolute, out var known) ? known : new Uri(site, UriKind.Relative);
        return new DatadogAccess(address) { ApiKey = apiKey, ApplicationKey = applicationKey };
    }

    public override string ToString() => Address.ToString();
}
