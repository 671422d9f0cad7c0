using Tidelock.Texts;

namespace Tidelock.Postgres;

/// <summary>Named sets of connection parameters: <c>[name]</c> and <c>parameter=value</c> lines.</summary>
internal static class ServiceFile
{
    /// <summary>The parameters of a service, from the first file that has it.</summary>
    /// <exception cref="TidelockException"><c>postgres.target.no-service</c>, <c>postgres.target.service-line</c>.</exception>
    public static Dictionary<string, string> Read(string service, IReadOnlyList<string> files) =>
        files.Where(File.Exists).Select(file => Read(service, file)).FirstOrDefault(found => found is not null)
        ?? throw ConnectionText.Mistake(
            Message.Of("postgres.target.no-service", ("service", service), ("files", string.Join(", ", files)))
        );

    private static Dictionary<string, string>? Read(string service, string file)
    {
        Dictionary<string, string>? found = null;
        var number = 0;
        foreach (var line in File.ReadLines(file).Select(l => l.Trim()))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line[0] == '[')
            {
                if (found is not null)
                {
                    return found;
                }

                found = string.Equals(line, $"[{service}]", StringComparison.Ordinal)
                    ? new(StringComparer.Ordinal)
                    : null;
            }
            else if (found is not null)
            {
                Add(found, line, file, number);
            }
        }

        return found;
    }

    private static void Add(Dictionary<string, string> found, string line, string file, int number)
    {
        var parts = line.Split('=', 2);
        if (parts.Length != 2 || parts[0] is "service" or "servicefile" || !ConnectionParameters.IsKnown(parts[0]))
        {
            throw ConnectionText.Mistake(Message.Of("postgres.target.service-line", ("file", file), ("line", number)));
        }

        // The first of two equal parameters counts in a service file.
        if (!found.ContainsKey(parts[0]))
        {
            ConnectionText.Add(found, parts[0], parts[1], mayName: true);
        }
    }
}
