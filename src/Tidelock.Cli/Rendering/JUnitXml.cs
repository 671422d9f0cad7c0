using System.Globalization;
using System.Text;
using System.Xml;

namespace Tidelock.Cli.Rendering;

/// <summary>The XML that JUnit began and CI systems read.</summary>
internal static class JUnitXml
{
    public static string Of(IReadOnlyList<JUnitSuite> suites)
    {
        var text = new Utf8Writer();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true }))
        {
            xml.WriteStartElement("testsuites");
            foreach (var suite in suites)
            {
                Write(xml, suite);
            }

            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static void Write(XmlWriter xml, JUnitSuite suite)
    {
        xml.WriteStartElement("testsuite");
        Write(xml, "name", suite.Name);
        Write(xml, "tests", suite.Cases.Count);
        Write(xml, "failures", suite.Cases.Count(c => c.Failure is not null));
        Write(xml, "errors", suite.Cases.Count(c => c.Error is not null));
        Write(xml, "skipped", suite.Cases.Count(c => c.Skipped is not null));
        Write(xml, "time", (suite.Took ?? Sum(suite.Cases)).TotalSeconds);
        foreach (var one in suite.Cases)
        {
            xml.WriteStartElement("testcase");
            Write(xml, "classname", suite.Class ?? suite.Name);
            Write(xml, "name", one.Name);
            if (one.Took is { } took)
            {
                Write(xml, "time", took.TotalSeconds);
            }

            Problem(xml, "failure", one.Failure);
            Problem(xml, "error", one.Error);
            if (one.Skipped is { } skipped)
            {
                xml.WriteStartElement("skipped");
                Write(xml, "message", skipped);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static TimeSpan Sum(IEnumerable<JUnitCase> cases) =>
        cases.Aggregate(TimeSpan.Zero, (sum, c) => sum + (c.Took ?? TimeSpan.Zero));

    private static void Problem(XmlWriter xml, string element, (string Type, string Text)? problem)
    {
        if (problem is not var (type, text))
        {
            return;
        }

        xml.WriteStartElement(element);
        Write(xml, "type", type);
        Write(xml, "message", text.Split('\n')[0]);
        xml.WriteString(Allowed(text));
        xml.WriteEndElement();
    }

    private static void Write(XmlWriter xml, string name, object value) =>
        xml.WriteAttributeString(name, Allowed(Convert.ToString(value, CultureInfo.InvariantCulture) ?? ""));

    /// <summary>Values of rows may hold what XML cannot.</summary>
    private static string Allowed(string text) =>
        string.Concat(text.EnumerateRunes().Select(r => IsAllowed(r) ? r.ToString() : "\uFFFD"));

    private static bool IsAllowed(Rune rune) => !rune.IsBmp || XmlConvert.IsXmlChar((char)rune.Value);

    /// <summary>Says in the declaration what the file will be.</summary>
    private sealed class Utf8Writer() : StringWriter(CultureInfo.InvariantCulture)
    {
        public override Encoding Encoding => Encoding.UTF8;
    }
}

/// <summary>Tests that belong together.</summary>
/// <param name="Name">Its name; also that of its tests' class where that is not another.</param>
internal sealed record JUnitSuite(string Name, IReadOnlyList<JUnitCase> Cases)
{
    public string? Class { get; init; }

    /// <summary>How long all took; the sum of the tests where it is null.</summary>
    public TimeSpan? Took { get; init; }
}

/// <summary>One test: passed where nothing else is said.</summary>
internal sealed record JUnitCase(string Name)
{
    public TimeSpan? Took { get; init; }

    public (string Type, string Text)? Failure { get; init; }

    /// <summary>It could not be found out.</summary>
    public (string Type, string Text)? Error { get; init; }

    /// <summary>It does not hold, and need not.</summary>
    public string? Skipped { get; init; }
}
