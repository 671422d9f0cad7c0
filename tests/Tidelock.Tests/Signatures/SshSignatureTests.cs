using System.Text;
using Tidelock.Programs;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Tests.Signatures;

public sealed class SshSignatureTests : IDisposable
{
    private const string Approval = "tidelock-approval";
    private static readonly byte[] Text = Encoding.UTF8.GetBytes("{\"digest\":\"7f3a\"}");
    private static readonly DateTimeOffset Now = new(2026, 11, 27, 2, 0, 0, TimeSpan.Zero);

    private readonly SshKeys keys = new();

    [Fact]
    public async Task A_signature_is_good_for_its_text_its_purpose_and_its_maker_alone()
    {
        await keys.AllowAsync("kim");
        await keys.AllowAsync("lee");
        var signature = await SignAsync("kim");

        Assert.Equal(("kim", null), await CheckAsync(signature, "kim"));
        Assert.Equal(("kim", null), await CheckAsync(signature, null));
        Assert.Contains("key of kim", await ProblemAsync(signature, "lee"), StringComparison.Ordinal);
        Assert.Contains(
            "incorrect signature",
            await ProblemAsync(signature, "kim", "edited"),
            StringComparison.Ordinal
        );
        var evidence = await SshSignature.VerifyAsync(Signers, "file", "kim", Text, signature, Now, default);
        Assert.Null(evidence.Principal);
        var cut = signature.Replace("AAAA", "AAAB", StringComparison.Ordinal);
        Assert.NotEqual("", await ProblemAsync(cut, "kim"));
        Assert.NotEqual("", await ProblemAsync("no signature", "kim"));
    }

    [Fact]
    public async Task A_key_must_be_on_the_list_valid_when_it_signed_and_not_revoked()
    {
        await keys.AllowAsync("kim", "valid-before=\"20261127030000Z\"");
        await keys.AllowAsync("lee", "namespaces=\"git\"");
        var kim = await SignAsync("kim");
        Assert.Equal("kim", (await CheckAsync(kim, "kim")).Principal);
        var later = await SshSignature.VerifyAsync(Signers, Approval, "kim", Text, kim, Now.AddHours(2), default);
        Assert.Equal("signatures.unknown-key", later.Problem!.Code);
        Assert.Contains("expired", later.Problem.ToString(), StringComparison.Ordinal);

        Assert.NotEqual("", await ProblemAsync(await SignAsync("lee"), "lee"));
        Assert.Contains("does not name", await ProblemAsync(await SignAsync("park"), "park"), StringComparison.Ordinal);

        await keys.RevokeAsync("kim");
        var revoked = await SshSignature.VerifyAsync(
            Signers with
            {
                Revoked = keys.Revoked,
            },
            Approval,
            "kim",
            Text,
            kim,
            Now,
            default
        );
        Assert.Contains("revoked", revoked.Problem!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_names_everybody_lets_its_key_speak_for_nobody_in_particular()
    {
        await keys.AllowAsync("kim", principal: "*@example.com");
        var signature = await SignAsync("kim");
        Assert.Contains("*@example.com", await ProblemAsync(signature, "lee@example.com"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_list_or_with_one_nobody_can_read_nobody_is_believed()
    {
        var signature = await SignAsync("kim");
        Assert.Contains("not there", await ProblemAsync(signature, "kim"), StringComparison.Ordinal);
        await File.WriteAllTextAsync(keys.Signers, "no list at all\n");
        Assert.NotEqual("", await ProblemAsync(signature, "kim"));
        await keys.AllowAsync("kim");
        var gone = await SshSignature.VerifyAsync(
            Signers with
            {
                Revoked = keys.Revoked,
            },
            Approval,
            "kim",
            Text,
            signature,
            Now,
            default
        );
        Assert.Equal("signatures.no-file", gone.Problem!.Code);
    }

    [Fact]
    public async Task The_key_is_named_as_ssh_keygen_names_it()
    {
        var shown = await new ChildProgram("ssh-keygen", "-l", "-f", await keys.KeyAsync("kim") + ".pub").RunAsync(
            default
        );
        Assert.Equal(shown.Output.Split(' ')[1], SshSignature.KeyOf(await SignAsync("kim")));
        Assert.Null(SshSignature.KeyOf("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----"));
    }

    [Theory]
    [InlineData("ed25519")]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public async Task A_key_with_a_certificate_is_the_same_key(string type)
    {
        var authority = await keys.KeyAsync("authority");
        var key = await keys.KeyAsync("kim", type);
        var certificate = key + "-cert.pub";
        var made = await new ChildProgram(
            "ssh-keygen",
            ["-q", "-s", authority, "-I", "kim@corp", "-n", "kim", "-O", "no-pty", key + ".pub"]
        ).RunAsync(default);
        Assert.True(made.Succeeded, made.LastWords);
        var bare = await SshSignature.SignAsync(key, Approval, Text, default);
        var certified = await SshSignature.SignAsync(certificate, Approval, Text, default);
        Assert.NotEqual(bare.Length, certified.Length);
        Assert.Equal(SshSignature.KeyOf(bare), SshSignature.KeyOf(certified));
    }

    [Fact]
    public async Task A_key_that_is_not_there_or_is_locked_says_what_to_do()
    {
        var none = await Assert.ThrowsAsync<TidelockException>(() =>
            SshSignature.SignAsync("/nowhere/key", Approval, Text, default)
        );
        Assert.Contains("--key", none.Message, StringComparison.Ordinal);
        var key = await keys.KeyAsync("kim");
        var locked = await new ChildProgram(
            "ssh-keygen",
            "-q",
            "-p",
            "-P",
            "",
            "-N",
            "correct horse",
            "-f",
            key
        ).RunAsync(default);
        Assert.True(locked.Succeeded, locked.LastWords);
        var refused = await Assert.ThrowsAsync<TidelockException>(() =>
            SshSignature.SignAsync(key, Approval, Text, default)
        );
        Assert.Contains("ssh-add", refused.Message, StringComparison.Ordinal);
        Assert.Contains("ssh-add", TextCatalog.Korean.Render(refused.Problem), StringComparison.Ordinal);
    }

    public void Dispose() => keys.Dispose();

    private AllowedSigners Signers => new(keys.Signers);

    private async Task<string> SignAsync(string who) =>
        await SshSignature.SignAsync(await keys.KeyAsync(who), Approval, Text, default);

    private async Task<(string? Principal, Message? Problem)> CheckAsync(string signature, string? who) =>
        await SshSignature.VerifyAsync(Signers, Approval, who, Text, signature, Now, default);

    private async Task<string> ProblemAsync(string signature, string who, string? text = null)
    {
        var message = text is null ? Text : Encoding.UTF8.GetBytes(text);
        var (principal, problem) = await SshSignature.VerifyAsync(
            Signers,
            Approval,
            who,
            message,
            signature,
            Now,
            default
        );
        Assert.Null(principal);
        return problem!.ToString();
    }
}
