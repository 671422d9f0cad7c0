using Tidelock.Gates.Approvals;

namespace Tidelock.Tests.Gates;

public sealed class GivenVariableTests
{
    [Theory]
    [InlineData("LANG", "ko_KR.UTF-8", null)]
    [InlineData("LC_TIME", "ko_KR.UTF-8", null)]
    [InlineData("LOGNAME", "kim", null)]
    [InlineData("USER", "kim", null)]
    [InlineData("JIRA_USER", "kim", null)]
    [InlineData("JIRA_TOKEN", "kim", "kim")]
    [InlineData("USER_TOKEN", "kim", "kim")]
    [InlineData("HTTPS_PROXY", "http://proxy.example:3128", null)]
    [InlineData("https_proxy", "http://proxy.example:3128/", null)]
    [InlineData("NO_PROXY", "localhost,.example", null)]
    [InlineData("HTTPS_PROXY", "http://me:canary%2Fp@proxy.example:3128", "canary/p")]
    [InlineData("JIRA", "https://canary-token@jira.example", "canary-token")]
    [InlineData("JIRA", "https://jira.example/hooks/canary", "https://jira.example/hooks/canary")]
    [InlineData("JIRA", "https://jira.example/?key=canary", "https://jira.example/?key=canary")]
    [InlineData("JIRA_HOST", "https://admin:canary@jira.example", "canary")]
    [InlineData("JIRA", "not:an:address", "not:an:address")]
    public void What_may_be_secret_of_it_is_told_and_no_person_or_language_is(
        string name,
        string value,
        string? secret
    ) => Assert.Equal(secret, GivenVariable.SecretOf(name, value));
}
