using System.Text.RegularExpressions;
using Tidelock.Migrations.Tools;
using Tidelock.Programs;
using Tidelock.Texts;

namespace Tidelock.Migrations.Commands;

/// <summary>Any program that makes migrations and can be asked where a database stands. No shell, no secret in its arguments.</summary>
/// <param name="name">What people call it.</param>
/// <param name="folder">Absolute path of the folder it runs in.</param>
/// <param name="to">The revision the change leads to, as status names it.</param>
/// <param name="upWords">The program and its arguments, with placeholders.</param>
/// <param name="downWords">The way back.</param>
/// <param name="statusWords">Where the database stands.</param>
/// <param name="status">How its answer is read.</param>
/// <param name="variables">Of its environment, with placeholders.</param>
internal sealed class CommandTool(
    string name,
    string folder,
    string to,
    IReadOnlyList<string> upWords,
    IReadOnlyList<string> downWords,
    IReadOnlyList<string> statusWords,
    CommandStatus status,
    IReadOnlyDictionary<string, string> variables
) : IMigrationTool
{
    private const string Nowhere = "tidelock_nowhere";

    /// <summary>The target for which it was seen to take its address from us.</summary>
    private string? proven;

    public string Name => name;

    public async Task<ToolStanding> AskAsync(ToolGround ground, CancellationToken cancellation)
    {
        var (revision, problem) = await StatusAsync(ground, Values(ground), ground.Environment, cancellation)
            .ConfigureAwait(false);
        problem ??= await OtherPlaceAsync(ground, cancellation).ConfigureAwait(false);
        return problem is null
            ? new ToolStanding(revision!, to, revision == to ? [] : [to], null)
            : ToolStanding.Refuse(problem);
    }

    public Message? Refusal(ToolPath path) =>
        path.From.Length == 0 && NeedsFrom ? Message.Of("migrations.command.no-from", ("tool", name)) : null;

    public ChildProgram Up(ToolGround ground, ToolPath path) =>
        Program(upWords, CommandWords.Values(ground, path), ground.Environment);

    public ChildProgram Down(ToolGround ground, ToolPath path) =>
        Program(downWords, CommandWords.Values(ground, path), ground.Environment);

    /// <summary>Its record is its own: the rehearsal copies it.</summary>
    public ChildProgram? Mark(ToolGround ground, string revision) => null;

    public ChildProgram? Sql(ToolGround ground, ToolPath path) => null;

    private bool NeedsFrom =>
        downWords.Concat(variables.Values).Any(w => CommandWords.In(w).Contains(CommandWords.From));

    private static Dictionary<string, string?> Values(ToolGround ground) => CommandWords.Values(ground, null);

    /// <summary>
    /// It must take its address from us: let loose on a copy it would else change what it is set to. So it is asked about a database
    /// that does not exist, and about a server that does not, where it must not have an answer.
    /// </summary>
    private async Task<Message?> OtherPlaceAsync(ToolGround ground, CancellationToken cancellation)
    {
        if (proven == ground.Target.ToString())
        {
            return null;
        }

        var database = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["PGDATABASE"] = Nowhere,
            ["DATABASE_URL"] = ground.Target.WithDatabase(Nowhere).Uri,
        };
        var server = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["PGHOST"] = "/" + Nowhere,
            ["PGHOSTADDR"] = null,
            ["PGPORT"] = "1",
            ["DATABASE_URL"] = $"postgresql://{Nowhere}@/{Nowhere}?host=/{Nowhere}&port=1",
        };
        var answers = await Task.WhenAll(
                AnswersAsync(ground, database, cancellation),
                AnswersAsync(ground, server, cancellation)
            )
            .ConfigureAwait(false);
        if (answers.Any(a => a))
        {
            return Message.Of("migrations.command.elsewhere", ("tool", name), ("target", ground.Target));
        }

        proven = ground.Target.ToString();
        return null;
    }

    private async Task<bool> AnswersAsync(
        ToolGround ground,
        Dictionary<string, string?> others,
        CancellationToken cancellation
    )
    {
        var values = Values(ground);
        values["dbname"] = others.GetValueOrDefault("PGDATABASE", values["dbname"]);
        values["host"] = others.GetValueOrDefault("PGHOST", values["host"]);
        values["port"] = others.GetValueOrDefault("PGPORT", values["port"]);
        var environment = new Dictionary<string, string?>(ground.Environment, StringComparer.Ordinal);
        foreach (var (name, value) in others)
        {
            environment[name] = value;
        }

        var (revision, _) = await StatusAsync(ground, values, environment, cancellation).ConfigureAwait(false);
        return revision is not null;
    }

    private async Task<(string? Revision, Message? Problem)> StatusAsync(
        ToolGround ground,
        Dictionary<string, string?> values,
        IReadOnlyDictionary<string, string?> environment,
        CancellationToken cancellation
    )
    {
        var answer = await Program(statusWords, values, environment)
            .RunWithinAsync(status.Within, ground.Time, cancellation)
            .ConfigureAwait(false);
        try
        {
            return answer is null
                ? (null, Message.Of("migrations.command.status-late", ("tool", name), ("limit", status.Within)))
                : status.Read(name, answer);
        }
        catch (RegexMatchTimeoutException)
        {
            return (null, Message.Of("migrations.command.status-unreadable", ("tool", name)));
        }
    }

    private ChildProgram Program(
        IReadOnlyList<string> words,
        Dictionary<string, string?> values,
        IReadOnlyDictionary<string, string?> environment
    )
    {
        var all = new Dictionary<string, string?>(environment, StringComparer.Ordinal);
        foreach (var (name, text) in variables)
        {
            all[name] = CommandWords.Fill(text, values);
        }

        var filled = words.Select(w => CommandWords.Fill(w, values)).ToList();
        var program = filled[0].Contains('/', StringComparison.Ordinal) ? Path.Combine(folder, filled[0]) : filled[0];
        return new ChildProgram(program, [.. filled.Skip(1)], all, folder);
    }
}
