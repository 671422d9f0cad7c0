using System.Text;

namespace Tidelock.Postgres;

/// <summary><c>~/.pgpass</c>: lines of <c>host:port:database:user:password</c>, <c>*</c> for any, the first match counts.</summary>
internal static class PasswordFile
{
    /// <summary>The password for one server; null when the file has none, is not there, or is open to others (libpq ignores it then).</summary>
    public static string? Find(string file, string host, string port, string database, string user)
    {
        if (!File.Exists(file) || IsOpenToOthers(file))
        {
            return null;
        }

        string[] wanted = [host is "/var/run/postgresql" or "/tmp" ? "localhost" : host, port, database, user];
        return File.ReadLines(file)
            .Where(line => !line.StartsWith('#'))
            .Select(line => PasswordOf(line, wanted))
            .FirstOrDefault(password => password is not null);
    }

    /// <summary>Whether libpq would refuse to read it: group or others may.</summary>
    public static bool IsOpenToOthers(string file) =>
        File.Exists(file)
        && (File.GetUnixFileMode(file) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute))
            != 0;

    private static string? PasswordOf(string line, string[] wanted)
    {
        var at = 0;
        foreach (var part in wanted)
        {
            if (line.AsSpan(at).StartsWith("*:"))
            {
                at += 2;
            }
            else if (!string.Equals(Field(line, ref at, untilColon: true), part, StringComparison.Ordinal))
            {
                return null;
            }
        }

        return Field(line, ref at, untilColon: false);
    }

    /// <summary>Reads on to the next colon, which a field must have, or to the end of the line; a backslash makes a character itself.</summary>
    private static string? Field(string line, ref int at, bool untilColon)
    {
        var field = new StringBuilder();
        for (; at < line.Length; at++)
        {
            if (line[at] == ':' && untilColon)
            {
                at++;
                return field.ToString();
            }

            at += line[at] == '\\' && at + 1 < line.Length ? 1 : 0;
            field.Append(line[at]);
        }

        return untilColon ? null : field.ToString();
    }
}
