using Tidelock.Postgres.Tests.Servers;
using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

/// <summary>The binary in a root folder that has glibc, libssl and the PostgreSQL client, and nothing else. Needs root.</summary>
public sealed class ChrootTests(NativeProgram program, PostgresServer server)
{
    [Fact]
    public async Task Deploy_watch_rollback_and_report_run_with_nothing_but_glibc_libssl_and_the_client()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "chroot needs root");
        await using var database = await server.CreateDatabaseAsync();
        using var place = await DeployedPlace.OfAsync(program, database);
        var root = Path.Combine(place.Folder, "root");
        var built = await new ChildProgram("bash", "-c", Build, "build", root, program.Path, place.Change).RunAsync(
            default
        );
        Assert.True(built.Succeeded, built.LastWords);

        // Without /proc nobody can tell that the database is on this machine.
        await RunAsync(
            place,
            root,
            0,
            "approve",
            "/change",
            "--gate",
            "backup",
            "--by",
            "kim",
            "--note",
            "one machine"
        );
        await RunAsync(place, root, 0, "deploy", "/change", "--confirm", database.Name, "--by", "kim");
        Assert.Equal("id name score", await DeployedPlace.ColumnsAsync(database));
        await RunAsync(place, root, 1, "rollback", "--method", "definition", "--by", "kim");
        Assert.Equal("score id name", await DeployedPlace.ColumnsAsync(database));
        await RunAsync(place, root, 0, "report", "--format", "html", "--lang", "ko", "--out", "/report.html");
        Assert.Contains(
            "<svg",
            await File.ReadAllTextAsync(Path.Combine(root, "report.html")),
            StringComparison.Ordinal
        );
        await RunAsync(place, root, 0, "status", "--lang", "ko");
    }

    private static async Task RunAsync(Workplace place, string root, int exitCode, params string[] arguments)
    {
        var inside = place.Child([root, "/bin/tidelock", .. arguments]) with { Path = "/usr/sbin/chroot" };
        var variables = new Dictionary<string, string?>(inside.Environment, StringComparer.Ordinal)
        {
            ["XDG_STATE_HOME"] = "/state",
            ["PATH"] = "/bin",
            ["HOME"] = "/",
            ["TMPDIR"] = null,
        };
        var result = await (inside with { Environment = variables }).RunAsync(default);
        Assert.True(result.ExitCode == exitCode, $"{result.ExitCode}: {result.Output}{result.Errors}");
    }

    /// <summary>Copies the programs with the libraries that ldd names, and libssl, which is loaded at run time.</summary>
    private const string Build = """
        set -euo pipefail
        root=$1; client=$(dirname "$(ls /usr/lib/postgresql/*/bin/pg_dump | tail -n 1)")
        mkdir -p "$root"/{bin,dev,proc,tmp,etc}
        put() { mkdir -p "$root$(dirname "$1")"; cp -L "$1" "$root$1"; }
        cp "$2" "$root/bin/tidelock"; cp -r "$3" "$root/change"
        programs=("$2")
        for name in psql pg_dump pg_restore; do cp "$client/$name" "$root/bin/$name"; programs+=("$client/$name"); done
        libraries=$(ls /usr/lib/*-linux-gnu/libssl.so.3 /usr/lib/*-linux-gnu/libcrypto.so.3)
        ldd "${programs[@]}" $libraries | grep -oE '/[^ :]+\.so[^ :]*' | sort -u | while read -r library; do put "$library"; done
        for library in $libraries; do put "$library"; done
        mknod -m 666 "$root/dev/null" c 1 3; mknod -m 666 "$root/dev/urandom" c 1 9
        echo 'root:x:0:0::/:/bin/false' >"$root/etc/passwd"
        """;
}
