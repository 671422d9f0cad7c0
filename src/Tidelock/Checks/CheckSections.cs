using Tidelock.Changes;
using Tidelock.Texts;

namespace Tidelock.Checks;

/// <summary>Reads <c>smoke:</c>.</summary>
internal sealed class SmokeSection : IChangeSection
{
    public string Key => "smoke";

    public string SchemaFragment => SchemaFragments.Beside<SmokeSection>("smoke");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier) =>
        new SmokeChecks(CheckLists.Read(node, CheckReader.Read));
}

/// <summary>Reads <c>application:</c>.</summary>
internal sealed class ApplicationSection : IChangeSection
{
    public string Key => "application";

    public string SchemaFragment => SchemaFragments.Beside<ApplicationSection>("application");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier) =>
        new ApplicationChecks(CheckLists.Read(node, CheckReader.Read));
}

/// <summary>Reads <c>downstream:</c>.</summary>
internal sealed class DownstreamSection : IChangeSection
{
    public string Key => "downstream";

    public string SchemaFragment => SchemaFragments.Beside<DownstreamSection>("downstream");

    public bool PerEnvironment => true;

    public object Read(ChangeNode node, SectionReadings earlier) =>
        new DownstreamChecks(CheckLists.Read(node, CheckReader.ReadSql));
}

/// <summary>A list of checks: each has a name of its own, so that results can be told apart.</summary>
internal static class CheckLists
{
    public static IReadOnlyList<T> Read<T>(ChangeNode node, Func<ChangeNode, T?> read)
        where T : Check
    {
        var checks = new List<T>();
        foreach (var item in node.Items)
        {
            if (read(item) is not { } check)
            {
                continue;
            }

            if (check.Name.Length > 0 && checks.Any(c => string.Equals(c.Name, check.Name, StringComparison.Ordinal)))
            {
                item.Mistake(Message.Of("checks.name.twice", ("name", check.Name)));
            }

            checks.Add(check);
        }

        return checks;
    }
}
