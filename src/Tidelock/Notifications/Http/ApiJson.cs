using System.Net.Http.Headers;
using System.Net.Mime;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Tidelock.Notifications.Http;

/// <summary>JSON that is sent, as bytes and for people to look at.</summary>
internal static class ApiJson
{
    public static HttpContent Content(JsonObject body)
    {
        var content = new ByteArrayContent(Bytes(body, new JsonWriterOptions()));
        content.Headers.ContentType = new MediaTypeHeaderValue(MediaTypeNames.Application.Json, "utf-8");
        return content;
    }

    public static string Readable(JsonObject body) =>
        Encoding.UTF8.GetString(
            Bytes(
                body,
                new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }
            )
        );

    private static byte[] Bytes(JsonObject body, JsonWriterOptions options)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, options))
        {
            body.WriteTo(writer);
        }

        return bytes.ToArray();
    }
}
