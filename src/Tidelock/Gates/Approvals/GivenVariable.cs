using System.Text.RegularExpressions;
using Tidelock.Programs;

namespace Tidelock.Gates.Approvals;

/// <summary>A variable that a program is given by its name.</summary>
internal static partial class GivenVariable
{
    /// <summary>
    /// What of it may be secret, since the program may repeat it: all of it, unless its name says that it is none, or of an address without a path the
    /// password alone; null for nothing. People's names and the language are no secrets, and hidden they would be missed in every text.
    /// </summary>
    public static string? SecretOf(string name, string value) =>
        Uri.TryCreate(value, UriKind.Absolute, out var address)
        && address is { Host.Length: > 0, AbsolutePath: "" or "/", Query: "", Fragment: "" }
            ? PasswordOf(address.UserInfo)
        : ProcessVariables.IsHarmless(name) || NoSecret().IsMatch(name) ? null
        : value;

    /// <summary>What stands alone before the host is a token.</summary>
    private static string? PasswordOf(string login) =>
        login.Length == 0 ? null : Uri.UnescapeDataString(login[(login.IndexOf(':', StringComparison.Ordinal) + 1)..]);

    [GeneratedRegex(
        "^(LANGUAGE|LC_[A-Z]+|LOGNAME|USERNAME|HOSTNAME|PWD|SHELL|TERM|NO_PROXY|no_proxy)$|_(USER|USERNAME|EMAIL|HOST|PORT|REGION|PROJECT)$",
        RegexOptions.ExplicitCapture,
        1000
    )]
    private static partial Regex NoSecret();
}
