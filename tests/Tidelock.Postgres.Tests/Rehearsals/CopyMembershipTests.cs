using Tidelock.Postgres.Tests.Servers;
using Tidelock.Rehearsals;

namespace Tidelock.Postgres.Tests.Rehearsals;

/// <summary>What a member may do is the same on the copy as on the target.</summary>
public sealed class CopyMembershipTests(PostgresServer server)
{
    [Theory]
    [InlineData(15, 15)]
    [InlineData(15, 16)]
    [InlineData(16, 17)]
    public async Task A_member_may_act_for_a_role_as_far_as_on_the_target(int major, int copyMajor)
    {
        await using var target = await server.CreateDatabaseAsync(major);
        await using var copy = await server.CreateDatabaseAsync(copyMajor);
        var (login, made, given) = ("login_" + target.Name, "made_" + target.Name, "given_" + target.Name);
        await target.ExecuteAsync($"create role {login} login createrole noinherit; create role {given}");
        await target.ExecuteAsAsync(login, $"create role {made}");
        await target.ExecuteAsync($"grant {given} to {login} with admin option");
        await using var from = await PostgresSession.OpenAsync(target.Target, "test", default);
        var there = await MembershipsAsync(from, login);
        await using var to = await PostgresSession.OpenAsync(copy.Target, "test", default);
        if (major == copyMajor)
        {
            await target.ExecuteAsync($"revoke {given} from {login}; alter role {login} inherit");
        }
        else
        {
            await copy.ExecuteAsync($"create role {login} login; create role {made}; create role {given}");
        }

        foreach (var membership in there)
        {
            await membership.GrantAsync(to, isStub: true, default);
        }

        Assert.Equal(there, await MembershipsAsync(to, login));
        Assert.Equal(major < 16 ? [given] : new[] { given, made }, there.Select(m => m.Role));
        Assert.Equal(new CopyMembership(given, login, Inherits: false, MaySet: true, MayGrant: true), there[0]);
        Assert.All(
            there.Skip(1),
            m => Assert.Equal(new CopyMembership(made, login, Inherits: false, MaySet: false, MayGrant: true), m)
        );
    }

    private static async Task<List<CopyMembership>> MembershipsAsync(PostgresSession session, string login) =>
        [
            .. (await CopyMembership.ReadAsync(session, default))
                .Where(m => m.Member == login)
                .OrderBy(m => m.Role, StringComparer.Ordinal),
        ];
}
