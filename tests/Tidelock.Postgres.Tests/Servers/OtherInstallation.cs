using Tidelock.Programs;

namespace Tidelock.Postgres.Tests.Servers;

/// <summary>The machine's PostgreSQL installed a second time, with an extension that the first one lacks: PostgreSQL finds its files beside its programs.</summary>
public sealed class OtherInstallation : IDisposable
{
    public const string Extension = "tidelock_only_there";
    private readonly string folder = Path.Combine(Path.GetTempPath(), $"tl-inst-{Guid.NewGuid():N}"[..16]);

    private OtherInstallation(int major) =>
        Programs = new ServerPrograms(Path.Combine(folder, "lib/postgresql", $"{major}", "bin"), major);

    public ServerPrograms Programs { get; }

    public static async Task<OtherInstallation> MakeAsync(ServerPrograms of)
    {
        var made = new OtherInstallation(of.Major);
        var to = Path.GetDirectoryName(made.Programs.Folder)!;
        var share = Path.Combine(made.folder, "share/postgresql");
        UnprivilegedUser.CreateFolder(made.folder);
        var script = """
            set -e; mkdir -p "$2" "$3"; cp -r "$1/bin" "$2/bin"; ln -s "$1/lib" "$2/lib"; cp -r "/usr/share/postgresql/${1##*/}" "$3"
            cd "$3/${1##*/}/extension"
            printf "default_version = '1.0'\n" > "$4.control"
            printf 'create function %s() returns int language sql as $$select 1$$;\n' "$4" > "$4--1.0.sql"
            chmod -R a+rX "$5"
            """;
        var ran = await new ChildProgram(
            "bash",
            "-c",
            script,
            "make",
            Path.GetDirectoryName(of.Folder)!,
            to,
            share,
            Extension,
            made.folder
        ).RunAsync(default);
        ran.OrThrow();
        return made;
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);
}
