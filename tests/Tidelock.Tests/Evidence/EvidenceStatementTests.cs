using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Tidelock.Evidence;
using Tidelock.Evidence.Bundles;
using Tidelock.Runs;
using static Tidelock.Tests.Evidence.RunStory;

namespace Tidelock.Tests.Evidence;

public sealed class EvidenceStatementTests
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private const string Verified = """
        {
          "rows": 200000, "relation": { "schema": "public", "name": "attempt" },
          "closure": { "unrestorable": [], "relation": { "owner": "seedtest", "name": { "schema": "public", "name": "attempt" } } }
        }
        """;

    [Fact]
    public void A_statement_names_change_catalog_and_journal_by_their_digests_and_says_what_was_seen()
    {
        var story = RunStories.Completed().Fact(1831, "verify", "closure", Verified);
        var statement = EvidenceStatement.Of(
            story.Entries,
            [Look(3600), Look(7200, "p95 612 ms")],
            false,
            Zero.AddDays(1)
        );
        Assert.Equal(story.Entries[^1].Hash, statement.DigestOf(EvidenceStatement.JournalPrefix));
        Assert.Equal(
            ["change/attempt-view-v1", "catalog/public.attempt", $"journal/{Run}"],
            statement.Subject.Select(s => s.Name)
        );
        Assert.Equal(RunStanding.Completed, statement.Predicate.Result);
        Assert.Equal([0, 1], statement.Predicate.Soak.Select(l => l.Breaches.Count));
        Assert.Contains(statement.Predicate.Gates, g => g is { Gate: "dashboards", Standing: GateStanding.Overridden });
        Approved.Matches("statement.json", Indented(statement));
    }

    [Fact]
    public void The_same_catalog_has_the_same_digest_however_its_json_was_written()
    {
        using var one = JsonDocument.Parse("""{ "b": [1, { "y": null, "x": "é" }], "a": 1.0 }""");
        using var other = JsonDocument.Parse("""{"a":1.0,"b":[1,{"x":"\u00e9","y":null}]}""");
        using var different = JsonDocument.Parse("""{"a":1.0,"b":[{"x":"\u00e9","y":null},1]}""");
        Assert.Equal("""{"a":1.0,"b":[1,{"x":"é","y":null}]}""", CanonicalJson.Of(one.RootElement));
        Assert.Equal(CanonicalJson.DigestOf(one.RootElement), CanonicalJson.DigestOf(other.RootElement));
        Assert.NotEqual(CanonicalJson.DigestOf(one.RootElement), CanonicalJson.DigestOf(different.RootElement));
    }

    [Fact]
    public void A_statement_is_read_as_it_was_written()
    {
        var statement = EvidenceStatement.Of(RunStories.RolledBack().Entries, [Look(3600)], true, Zero.AddDays(1));
        var bytes = statement.ToBytes();
        Assert.Equal(bytes, EvidenceStatement.Parse(bytes)!.ToBytes());
        Assert.True(EvidenceStatement.Parse(bytes)!.Predicate.Superseded);
    }

    /// <summary>The example of the DSSE protocol's own page.</summary>
    [Fact]
    public void What_is_signed_is_the_encoding_that_the_protocol_names()
    {
        var payload = Convert.ToBase64String(Encoding.UTF8.GetBytes("hello world"));
        var envelope = new SignedEnvelope("http://example.com/HelloWorld", payload, []);
        Assert.Equal(
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
            Encoding.UTF8.GetString(envelope.Signed())
        );
    }

    private static SoakLook Look(double at, string? breach = null) =>
        new(
            Run,
            Zero.AddSeconds(at - 10),
            Zero.AddSeconds(at),
            "mina",
            "bastion-1",
            breach is null ? [] : [Said(breach)],
            [],
            new Dictionary<string, double>(StringComparer.Ordinal) { ["p95"] = 0.21 }
        );

    private static string Indented(EvidenceStatement statement)
    {
        using var json = JsonDocument.Parse(statement.ToBytes());
        return JsonSerializer.Serialize(json, Readable) + "\n";
    }
}
