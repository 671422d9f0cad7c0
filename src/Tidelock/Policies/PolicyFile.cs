using System.Security.Cryptography;
using System.Text;
using Tidelock.Changes;
using Tidelock.Signatures;
using Tidelock.Texts;

namespace Tidelock.Policies;

/// <summary>
/// <c>tidelock.yaml</c>: what a team decided for its environments. It is looked for in the change's folder and in each above it, up to the
/// root of the repository. It is no part of a change's digest: the journal names its own.
/// </summary>
internal sealed class PolicyFile
{
    public const string FileName = "tidelock.yaml";

    /// <summary>The environment whose rules hold for every one that is not named.</summary>
    private const string Others = "others";
    private const string Version = "tidelock/v1";
    private const long LargestFile = 1024 * 1024;

    private readonly string path;
    private readonly byte[] bytes;
    private readonly ChangeNode root;

    private PolicyFile(string path, byte[] bytes, ChangeNode root) =>
        (this.path, this.bytes, this.root) = (path, bytes, root);

    /// <summary>The policy of an environment for a change that is being read; null where there is none for it. What is wrong with it is a mistake of the change.</summary>
    public static EnvironmentPolicy? Of(ReadingContext change, string environment)
    {
        var found = Places(change.Files.Folder).ToList();
        if (found.Count == 0)
        {
            return null;
        }

        var mistakes = new MistakeList(Shown(found[^1]));
        if (found.Count > 1)
        {
            // The one nearer to the change could say less.
            mistakes.Add(new Place(1, 1), Message.Of("policies.two", ("other", Shown(found[0]))));
        }

        var policy = Read(found[^1], change.Variables, mistakes)?.For(environment);
        if (policy is null && !mistakes.Any)
        {
            // Its author chooses an environment's name.
            mistakes.Add(new Place(1, 1), Message.Of("policies.not-named", ("environment", environment)));
        }

        change.Mistakes.AddAll(mistakes);
        return policy;
    }

    /// <summary>Every policy file above a folder, the nearest first.</summary>
    private static IEnumerable<string> Places(string folder)
    {
        for (var at = new DirectoryInfo(RealPath.Of(folder)); at is not null; at = at.Parent)
        {
            var file = Path.Combine(at.FullName, FileName);
            if (Path.Exists(file))
            {
                yield return file;
            }

            if (IsRoot(Path.Combine(at.FullName, ".git")))
            {
                yield break;
            }
        }
    }

    /// <summary>Whether a repository begins here. A submodule's root has a file that leads to its folder; the policy is that of the repository around it.</summary>
    private static bool IsRoot(string git) =>
        Directory.Exists(git)
        || (File.Exists(git) && File.ReadAllText(git).Contains("/worktrees/", StringComparison.Ordinal));

    private static PolicyFile? Read(string path, Variables variables, MistakeList mistakes)
    {
        if (Bytes(path, mistakes) is not { } bytes || Parsed(bytes, mistakes) is not { } parsed)
        {
            return null;
        }

        var context = new ReadingContext(new ChangeFiles(Path.GetDirectoryName(path)!), variables, mistakes);
        var root = new ChangeNode(context, parsed, "", parsed.At).Only("apiVersion", "environments");
        root["apiVersion"].Word(Version, (Version, Version));
        root["environments"].Require();
        return new PolicyFile(path, bytes, root);
    }

    private static ChangeValue? Parsed(byte[] bytes, MistakeList mistakes)
    {
        try
        {
            return ChangeParser.Parse(ChangeFiles.Text(bytes), mistakes);
        }
        catch (DecoderFallbackException)
        {
            mistakes.Add(new Place(1, 1), Message.Of("changes.file.encoding", ("file", FileName)));
            return null;
        }
    }

    private static byte[]? Bytes(string path, MistakeList mistakes)
    {
        try
        {
            if (IsAnybodys(path))
            {
                mistakes.Add(new Place(1, 1), Message.Of("policies.anybodys", ("file", path)));
                return null;
            }

            var info = new FileInfo(RealPath.Of(path));

            if (info.Length <= LargestFile)
            {
                return File.ReadAllBytes(path);
            }

            mistakes.Add(new Place(1, 1), Message.Of("changes.file.large", ("file", path), ("most", "1 MiB")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            mistakes.Add(new Place(1, 1), Message.Of("changes.file.unreadable", ("file", path), ("reason", e.Message)));
        }

        return null;
    }

    /// <summary>Whether everybody may write it, or put another one in its place: where it lies, and where a link leads.</summary>
    private static bool IsAnybodys(string path)
    {
        var real = RealPath.Of(path);
        return new[] { Path.GetDirectoryName(path)!, real, Path.GetDirectoryName(real)! }.Any(p =>
            (File.GetUnixFileMode(p) & UnixFileMode.OtherWrite) != 0
        );
    }

    private static string Shown(string path) => Path.GetRelativePath(Directory.GetCurrentDirectory(), path);

    private EnvironmentPolicy? For(string environment)
    {
        // All of them are read, so that a mistake is found wherever a change goes.
        EnvironmentPolicy? own = null;
        EnvironmentPolicy? others = null;
        foreach (var (name, node) in root["environments"].Entries)
        {
            var policy = ReadEnvironment(name, node);
            own = name == environment ? policy : own;
            others = name == Others ? policy : others;
        }

        return own ?? others;
    }

    private EnvironmentPolicy ReadEnvironment(string name, ChangeNode node)
    {
        node.Only("gates", "approvals", "overrides");
        var approvals = node["approvals"];
        if (approvals.Exists)
        {
            approvals.Only("signers", "revoked", "people", "allow");
        }

        var signers = PathOf(approvals["signers"]);
        var revoked = PathOf(approvals["revoked"]);
        if (revoked is not null && signers is null)
        {
            approvals["revoked"].Mistake(Message.Of("policies.revoked-alone"));
        }

        if (signers is not null && !node["gates"]["approval"].Exists)
        {
            approvals["signers"].Mistake(Message.Of("policies.signers-alone"));
        }

        if (signers is not null && node["overrides"]["approval"] is { Exists: true } passing)
        {
            passing.Mistake(Message.Of("policies.override-signed"));
        }

        return new EnvironmentPolicy(new PolicyMark(Shown(path), Digest(signers, revoked)))
        {
            Name = name,
            Named = [.. root["environments"].Entries.Select(e => e.Key).Where(e => e != Others)],
            Files = [path, .. new[] { signers, revoked }.OfType<string>()],
            SignersBy = signers is null ? null : PolicyRule.At(approvals["signers"]),
            Signers = signers is null ? null : new AllowedSigners(signers, revoked),
            People = Names(approvals["people"]),
            Allowed = Allowed(approvals["allow"]),
            AllowedBy = approvals["allow"].Exists ? PolicyRule.At(approvals["allow"]) : null,
            Overrides =
            [
                .. Entries(node["overrides"])
                    .Select(e => new PolicyOverride(e.Key, Names(e.Value), PolicyRule.At(e.Value))),
            ],
            OverridesNode = node["overrides"],
            Gates = node["gates"],
        };
    }

    private static IReadOnlyList<KeyValuePair<string, ChangeNode>> Entries(ChangeNode node) =>
        node.Exists ? node.Entries : [];

    private static OwnWork Allowed(ChangeNode node) =>
        node.Exists
            ? node
                .Items.Select(i =>
                    i.Word(
                        OwnWork.None,
                        ("author approves", OwnWork.AuthorApproves),
                        ("executor approves", OwnWork.ExecutorApproves),
                        ("author executes", OwnWork.AuthorExecutes)
                    )
                )
                .Aggregate(OwnWork.None, (all, one) => all | one)
            : OwnWork.None;

    private static IReadOnlyList<string> Names(ChangeNode node) =>
        node.Exists ? [.. node.Items.Select(i => i.Text())] : [];

    /// <summary>A file beside the policy.</summary>
    private string? PathOf(ChangeNode node)
    {
        if (node.Text() is not { Length: > 0 } name)
        {
            return null;
        }

        var file = Path.GetFullPath(name, Path.GetDirectoryName(path)!);
        if (!File.Exists(file))
        {
            node.Mistake(Message.Of("changes.file.missing", ("file", name), ("folder", Path.GetDirectoryName(path))));
        }
        else if (IsAnybodys(file))
        {
            node.Mistake(Message.Of("policies.anybodys", ("file", name)));
        }

        return file;
    }

    private string Digest(params string?[] files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(SHA256.HashData(bytes));
        foreach (var file in files)
        {
            hash.AppendData(SHA256.HashData(file is not null && File.Exists(file) ? File.ReadAllBytes(file) : []));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
