using System.Text.Json;
using Tidelock.Migrations.Tools;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Migrations.Alembic;

/// <summary>Alembic, run by the project's own Python in the project's own folder.</summary>
/// <param name="folder">Absolute path of the folder with the ini file.</param>
/// <param name="python">An interpreter's path, or a name to look up in PATH.</param>
/// <param name="ini">The ini file.</param>
/// <param name="upgrade">Where to: <c>head</c> or a revision.</param>
/// <param name="downgrade">Where back to: <c>base</c> or a revision; empty for the one that was there.</param>
public sealed class AlembicTool(string folder, string python, string ini, string upgrade, string downgrade)
    : IMigrationTool
{
    private const string AnswerMark = "tidelock:";

    /// <summary>How long its env.py may take to connect and answer.</summary>
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(1);

    public string Name => "alembic";

    public async Task<ToolStanding> AskAsync(ToolGround ground, CancellationToken cancellation)
    {
        var asked = await Python(ground, ["-c", AskText(), ini, upgrade, downgrade])
            .RunWithinAsync(AnswerLimit, ground.Time, cancellation)
            .ConfigureAwait(false);
        if (asked is null)
        {
            return Unanswered(Message.Of("migrations.alembic.too-late", ("limit", AnswerLimit)));
        }

        var line = asked.Output.Split('\n').LastOrDefault(l => l.StartsWith(AnswerMark, StringComparison.Ordinal));
        if (!asked.Succeeded || line is null)
        {
            return Unanswered(ToolGround.LastWords(asked));
        }

        var answer = JsonSerializer.Deserialize(line[AnswerMark.Length..], AlembicJson.Default.AlembicAnswer)!;
        return new ToolStanding(
            answer.Current is [var one] ? one : "",
            answer.Wanted,
            [.. answer.Steps.Select(s => s.Text.Length == 0 ? s.Id : $"{s.Id} {s.Text}")],
            OtherPlace(answer, ground) ?? OtherHistory(answer) ?? NoWayBack(answer) ?? TooLong(answer)
        )
        {
            Back = answer.Back,
        };
    }

    public ChildProgram Up(ToolGround ground, ToolPath path) => Alembic(ground, "upgrade", path.To);

    public ChildProgram Down(ToolGround ground, ToolPath path) => Alembic(ground, "downgrade", OrBase(path.BackTo));

    public ChildProgram Mark(ToolGround ground, string revision) => Alembic(ground, "stamp", OrBase(revision));

    public ChildProgram Sql(ToolGround ground, ToolPath path) =>
        Alembic(ground, "upgrade", $"{OrBase(path.From)}:{path.To}", "--sql");

    private ToolStanding Unanswered(object words) =>
        ToolStanding.Refuse(
            Message.Of("migrations.alembic.unanswered", ("python", python), ("folder", folder), ("words", words))
        );

    private static string OrBase(string revision) => revision.Length == 0 ? "base" : revision;

    /// <summary>env.py may read its address from anywhere; it must lead where ours leads, with the limits we set.</summary>
    private static Message? OtherPlace(AlembicAnswer answer, ToolGround ground) =>
        answer.System is null ? Message.Of("migrations.alembic.offline")
        : answer.System != ground.Identity.SystemIdentifier || answer.Database != ground.Identity.Database
            ? Message.Of(
                "migrations.alembic.elsewhere",
                ("there", $"{answer.Database} ({answer.System})"),
                ("target", ground.Target)
            )
        : answer.Application != ground.ApplicationName
        || answer.LockTimeout
            != ground.LockTimeoutMilliseconds.ToString(System.Globalization.CultureInfo.InvariantCulture)
            ? Message.Of(
                "migrations.alembic.no-limits",
                ("application", answer.Application),
                ("timeout", answer.LockTimeout + " ms"),
                ("wanted", $"{ground.LockTimeoutMilliseconds} ms")
            )
        : null;

    private static Message? OtherHistory(AlembicAnswer answer) =>
        answer.Heads.Count != 1 ? Message.Of("migrations.alembic.heads", ("heads", string.Join(", ", answer.Heads)))
        : answer.Current.Count > 1
            ? Message.Of("migrations.alembic.current", ("current", string.Join(", ", answer.Current)))
        : null;

    /// <summary>A way back leads to a revision that the change is built on.</summary>
    private Message? NoWayBack(AlembicAnswer answer) =>
        downgrade.Length > 0 && answer.Back is null
            ? Message.Of("migrations.alembic.not-before", ("revision", downgrade), ("wanted", answer.Wanted))
            : null;

    private static Message? TooLong(AlembicAnswer answer) =>
        answer.Steps.FirstOrDefault(s => s.Id.Length > (answer.Width ?? 32)) is { } step
            ? Message.Of(
                "migrations.alembic.too-long",
                ("revision", step.Id),
                ("length", step.Id.Length),
                ("width", answer.Width ?? 32)
            )
            : null;

    private ChildProgram Alembic(ToolGround ground, params string[] arguments) =>
        Python(ground, ["-m", "alembic", "-c", ini, .. arguments]);

    private ChildProgram Python(ToolGround ground, IReadOnlyList<string> arguments) =>
        new(python, arguments, ground.Environment, folder);

    private static string AskText()
    {
        using var stream =
            typeof(AlembicTool).Assembly.GetManifestResourceStream($"{typeof(AlembicTool).Namespace}.ask.py")
            ?? throw new InvalidOperationException("ask.py is not embedded");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
