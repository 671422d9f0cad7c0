using Tidelock.Migrations;
using Tidelock.Migrations.Tools;
using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Rehearsals;

/// <summary>Lets a tool do on a copy what it would do on the target.</summary>
internal sealed class ToolRehearsal(ToolMigration migration, SchemaCopy copy, TimeProvider time)
{
    /// <summary>So much SQL is shown in a plan; the rest is counted.</summary>
    private const int Lines = 200;

    /// <summary>Asks the tool, on the target itself, where that stands and what it would do. Changes nothing.</summary>
    public static async Task<WayRehearsal> AskAsync(
        ToolMigration migration,
        PostgresSession target,
        WayRehearsal start,
        CancellationToken cancellation
    )
    {
        var identity = await ServerIdentity.ReadAsync(target, cancellation).ConfigureAwait(false);
        var ground = new ToolGround(target.Target, SchemaCopy.ApplicationName, identity, migration.Locks);
        var standing = await migration.Tool.AskAsync(ground, cancellation).ConfigureAwait(false);
        if (migration.Refusal(standing) is { } refusal)
        {
            return start with { Problem = refusal };
        }

        var path = standing.Path;
        return start with
        {
            Path = path,
            Account =
            [
                .. standing.Steps.Select(s =>
                    Message.Of("rehearsals.tool.revision", ("tool", migration.Tool.Name), ("revision", s))
                ),
                .. await SqlAsync(migration, ground, path, cancellation).ConfigureAwait(false),
            ],
        };
    }

    /// <summary>Writes into the copy's record where the target stands: the schema was copied, its rows were not.</summary>
    public async Task<Message?> MarkAsync(ToolPath path, CancellationToken cancellation)
    {
        var ground = await GroundAsync(cancellation).ConfigureAwait(false);
        var standing = await migration.Tool.AskAsync(ground, cancellation).ConfigureAwait(false);
        if (standing.Refusal is not null || standing.Revision == path.From)
        {
            return standing.Refusal is { } refusal && migration.Tool.Mark(ground, path.From) is null
                ? Message.Of("rehearsals.tool.no-record", ("tool", migration.Tool.Name), ("reason", refusal))
                : standing.Refusal;
        }

        if (migration.Tool.Mark(ground, path.From) is not { } mark)
        {
            return Message.Of(
                "rehearsals.tool.other-record",
                ("tool", migration.Tool.Name),
                ("at", standing.Revision.Length == 0 ? "base" : standing.Revision),
                ("revision", path.From)
            );
        }

        var marked = await mark.RunAsync(cancellation).ConfigureAwait(false);
        return marked.Succeeded
            ? null
            : Message.Of(
                "rehearsals.tool.not-marked",
                ("tool", migration.Tool.Name),
                ("revision", path.From),
                ("words", ToolGround.LastWords(marked))
            );
    }

    /// <summary>Goes for real. Whoever does not take our name and limits is refused: on the target nobody would watch or find it.</summary>
    public async Task<MigrationOutcome> GoAsync(ToolPath path, ToolDirection direction, CancellationToken cancellation)
    {
        var ground = await GroundAsync(cancellation).ConfigureAwait(false);
        await using var names = await ToolNames.InstallAsync(copy.Superuser, cancellation).ConfigureAwait(false);
        var outcome = await new ToolRun(migration.Tool, ground, time)
            .RunAsync(path, direction, static _ => Task.CompletedTask, static _ => { }, cancellation)
            .ConfigureAwait(false);
        var other = await names.TakeOtherAsync(ground.ApplicationName, cancellation).ConfigureAwait(false);
        return outcome is MigrationOutcome.Applied && other is { } session
            ? new MigrationOutcome.Refused(
                Message.Of(
                    "rehearsals.tool.not-ours",
                    ("tool", migration.Tool.Name),
                    ("application", session.Application.Length == 0 ? "–" : session.Application),
                    ("timeout", session.LockTimeout),
                    ("wanted", ground.ApplicationName),
                    ("limit", $"{ground.LockTimeoutMilliseconds}ms")
                )
            )
            : outcome;
    }

    private async Task<ToolGround> GroundAsync(CancellationToken cancellation)
    {
        var target = await copy.AdmitAsync(cancellation).ConfigureAwait(false);
        await using var session = await PostgresSession
            .OpenAsync(target, SchemaCopy.ApplicationName, cancellation)
            .ConfigureAwait(false);
        var identity = await ServerIdentity.ReadAsync(session, cancellation).ConfigureAwait(false);
        return new ToolGround(target, SchemaCopy.ApplicationName, identity, migration.Locks) { Time = time };
    }

    private static async Task<IReadOnlyList<Message>> SqlAsync(
        ToolMigration migration,
        ToolGround ground,
        ToolPath path,
        CancellationToken cancellation
    )
    {
        if (migration.Tool.Sql(ground, path) is not { } program)
        {
            return [];
        }

        var told = await program.RunAsync(cancellation).ConfigureAwait(false);
        if (!told.Succeeded)
        {
            return
            [
                Message.Of(
                    "rehearsals.tool.no-sql",
                    ("tool", migration.Tool.Name),
                    ("words", ToolGround.LastWords(told).Split('\n')[^1])
                ),
            ];
        }

        var lines = told.Output.Split('\n').Select(l => l.TrimEnd()).Where(l => l.Length > 0).ToList();
        return
        [
            .. lines.Take(Lines).Select(l => Message.Of("rehearsals.tool.sql", ("line", l))),
            .. lines.Count > Lines
                ? [Message.Of("rehearsals.tool.more-sql", ("count", lines.Count - Lines))]
                : Array.Empty<Message>(),
        ];
    }
}
