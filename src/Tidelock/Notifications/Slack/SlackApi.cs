using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text.Json.Nodes;
using Tidelock.Notifications.Http;
using Tidelock.Probes;

namespace Tidelock.Notifications.Slack;

/// <summary>Slack's Web API, as one bot.</summary>
internal sealed class SlackApi(Uri address, string token, ChannelContext context)
{
    private readonly ApiHttp http = new(new HttpAccess(address), context.Time, context.Handler);

    /// <summary>A method that does something.</summary>
    public async Task<SlackAnswer> PostAsync(string method, JsonObject body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, http.At($"/{method}"))
        {
            Content = ApiJson.Content(body),
        };
        return await AskAsync(request, cancellation).ConfigureAwait(false);
    }

    /// <summary>A method that only tells; these do not read JSON.</summary>
    public async Task<SlackAnswer> GetAsync(string method, string query, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, http.At($"/{method}?{query}"));
        return await AskAsync(request, cancellation).ConfigureAwait(false);
    }

    private async Task<SlackAnswer> AskAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(MediaTypeNames.Application.Json));
        return SlackAnswer.Of(await http.AskAsync(request, cancellation).ConfigureAwait(false));
    }
}
