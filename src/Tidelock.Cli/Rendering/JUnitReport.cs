using System.Globalization;
using System.Text;
using System.Xml;
using Tidelock.Contracts;
using Tidelock.Deployments;
using Tidelock.Texts;

namespace Tidelock.Cli.Rendering;

/// <summary>A contract's checks as JUnit writes tests, which CI systems read. A check that was not made is an error, not a skipped one.</summary>
internal static class JUnitReport
{
    public static string Of(ContractReport report, DeploymentRequest request, TimeSpan took, TextCatalog texts)
    {
        var text = new Utf8Writer();
        using (var xml = XmlWriter.Create(text, new XmlWriterSettings { Indent = true }))
        {
            xml.WriteStartElement("testsuites");
            xml.WriteStartElement("testsuite");
            Write(xml, "name", $"{report.Relation} ({request.Target})");
            Write(xml, "tests", report.Checks.Count);
            Write(xml, "failures", report.Checks.Count(c => c.Findings is { Count: > 0 }));
            Write(xml, "errors", report.Checks.Count(c => c.Findings is null));
            Write(xml, "time", took.TotalSeconds);
            foreach (var check in report.Checks)
            {
                xml.WriteStartElement("testcase");
                Write(xml, "classname", $"{request.Change.Name}.{request.TargetEnvironment.Name}");
                Write(xml, "name", texts.Render(check.Name));
                WriteProblem(xml, check, texts);
                xml.WriteEndElement();
            }

            xml.WriteEndElement();
            xml.WriteEndElement();
        }

        return text.ToString();
    }

    private static void WriteProblem(XmlWriter xml, ContractCheck check, TextCatalog texts)
    {
        if (check.Findings is [])
        {
            return;
        }

        IReadOnlyList<Message> findings = check.Findings ?? [Message.Of("cli.contract.unread")];
        xml.WriteStartElement(check.Findings is null ? "error" : "failure");
        Write(xml, "type", findings[0].Code);
        Write(xml, "message", texts.Render(findings[0]));
        xml.WriteString(Allowed(string.Join("\n", findings.Select(texts.Render))));
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
