using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Tidelock.Notifications.Http;
using Tidelock.Probes;
using Tidelock.Texts;

namespace Tidelock.Notifications.PagerDuty;

/// <summary>Asks PagerDuty's REST API who is on call: <c>GET /oncalls</c>.</summary>
internal sealed class PagerDutyOnCalls(PagerDutyOnCallOptions options, TimeProvider time)
{
    private const int PageSize = 100;
    private const int MostPages = 20;

    /// <summary>The roster of the schedules and of the escalation policies together, or why it is not known.</summary>
    public async Task<(OnCallRoster? Roster, Message? Problem)> ReadAsync(
        DateTimeOffset from,
        DateTimeOffset until,
        CancellationToken cancellation
    )
    {
        var http = new ApiHttp(new HttpAccess(options.Address), time);
        var shifts = new List<OnCallShift>();
        foreach (
            var (filter, ids) in new[]
            {
                ("schedule_ids", options.Schedules),
                ("escalation_policy_ids", options.EscalationPolicies),
            }
        )
        {
            var query = Query(filter, ids, from, until);
            if (ids.Count > 0 && await AddAsync(http, query, shifts, cancellation).ConfigureAwait(false) is { } problem)
            {
                return (null, problem);
            }
        }

        return (new OnCallRoster(shifts, from, until), null);
    }

    private async Task<Message?> AddAsync(
        ApiHttp http,
        string query,
        List<OnCallShift> shifts,
        CancellationToken cancellation
    )
    {
        for (var page = 0; page < MostPages; page++)
        {
            var offset = (page * PageSize).ToString(CultureInfo.InvariantCulture);
            using var request = new HttpRequestMessage(HttpMethod.Get, http.At($"/oncalls?{query}&offset={offset}"));
            request.Headers.Authorization = new AuthenticationHeaderValue("Token", $"token={options.Token}");
            request.Headers.Accept.ParseAdd("application/vnd.pagerduty+json;version=2");
            var reply = await http.AskAsync(request, cancellation).ConfigureAwait(false);
            if (reply.Problem is { } problem)
            {
                return problem;
            }

            try
            {
                var answer = reply.Json() ?? throw new InvalidOperationException();
                shifts.AddRange(answer.GetProperty("oncalls").EnumerateArray().Select(Shift));
                if (!answer.TryGetProperty("more", out var more) || !more.GetBoolean())
                {
                    return null;
                }
            }
            catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
            {
                return reply.NotAsDocumented;
            }
        }

        return Message.Of("notifications.pagerduty.too-many", ("count", MostPages * PageSize));
    }

    private static OnCallShift Shift(JsonElement entry)
    {
        var user = entry.GetProperty("user");
        var id = user.GetProperty("id").GetString()!;
        return new OnCallShift(
            id,
            user.TryGetProperty("summary", out var name) ? name.GetString() ?? id : id,
            Time(entry, "start"),
            Time(entry, "end")
        );
    }

    /// <summary>Null for who is on call without a schedule, and so always.</summary>
    private static DateTimeOffset? Time(JsonElement entry, string key) =>
        entry.TryGetProperty(key, out var at) && at.ValueKind is not JsonValueKind.Null ? at.GetDateTimeOffset() : null;

    private static string Query(string filter, IReadOnlyList<string> ids, DateTimeOffset from, DateTimeOffset until) =>
        string.Join('&', ids.Select(id => $"{filter}%5B%5D={Uri.EscapeDataString(id)}"))
        + string.Create(
            CultureInfo.InvariantCulture,
            $"&since={from.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}&until={until.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}&limit={PageSize}"
        );
}
