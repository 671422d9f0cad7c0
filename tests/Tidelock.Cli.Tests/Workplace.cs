using Tidelock.Programs;

namespace Tidelock.Cli.Tests;

/// <summary>A temporary home for runs of the binary: its state folder, a change's folder, its variables.</summary>
internal sealed class Workplace(NativeProgram program) : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("tidelock-cli-").FullName;

    public string Change => Path.Combine(Folder, "change");

    public string State => Path.Combine(Folder, "state");

    /// <summary>What the program sees beside the test's own variables.</summary>
    public Dictionary<string, string?> Variables { get; } =
        new(StringComparer.Ordinal)
        {
            ["LANG"] = "C.UTF-8",
            ["LC_ALL"] = null,
            ["LC_MESSAGES"] = null,
            ["TIDELOCK_LANG"] = null,
            ["TIDELOCK_JOURNAL"] = null,
            ["DATABASE_URL"] = null,
            ["NO_COLOR"] = null,
        };

    public Task<ProgramResult> RunAsync(params string[] arguments) => Child(arguments).RunAsync(default);

    public ChildProgram Child(params string[] arguments) =>
        new(program.Path, arguments, new Dictionary<string, string?>(Variables) { ["XDG_STATE_HOME"] = State }, Folder);

    /// <summary>A small change of the view public.scores, which watches for a second.</summary>
    public void WriteChange(string? definition = null, string extra = "")
    {
        Directory.CreateDirectory(Change);
        File.WriteAllText(Path.Combine(Change, "change.yaml"), Yaml + extra);
        File.WriteAllText(
            Path.Combine(Change, "new.sql"),
            definition ?? "select id::bigint as id, upper(name) as name, score from public.results"
        );
        File.WriteAllText(Path.Combine(Change, "down.sql"), Down);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>The database before the change.</summary>
    public const string Old = """
        create table public.results (id int primary key, name text not null, score numeric);
        insert into public.results select i, 'n' || i, i * 1.5 from generate_series(1, 100) i;
        create view public.scores as select score, id, name from public.results;
        create view public.top_scores as select id, score from public.scores where score > 100;
        grant select on public.scores, public.top_scores to public;
        """;

    private const string Down = """
        drop view public.top_scores;
        drop view public.scores;
        create view public.scores as select score, id, name from public.results;
        create view public.top_scores as select id, score from public.scores where score > 100;
        grant select on public.scores, public.top_scores to public;
        """;

    private const string Yaml = """
        change: scores
        migration:
          view: { name: public.scores, definition: new.sql }
          down: down.sql
        contract:
          relation: public.scores
          columns:
            - { name: id, type: bigint, notNull: true }
            - { name: name, type: text, notNull: true }
            - { name: score, type: numeric }
        watch: { for: 1s, every: 200ms, baseline: 1s }
        gates:
          staging: off
          approval: off
          announcement: off
          dashboards: off
          window: off
          onCall: off
          slack: off
          rollbackPlan: off
          backup: { by: pg_dump, rehearse: false }
        environments:
          production: { database: "${DATABASE_URL}" }

        """;
}
