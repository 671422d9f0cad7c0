using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>
/// Definitions as PostgreSQL writes them where a closure's schemas are in the search_path: its relations without their schemas, so
/// that the same text can mean others. Nothing is replaced in a text.
/// </summary>
/// <param name="there">The closure that is there.</param>
/// <param name="path">Its schemas, as SQL.</param>
/// <param name="schema">A schema for views that only exist to be read back.</param>
internal sealed class OpenTexts(RelationClosure there, string path, string schema)
{
    /// <summary>Whether a definition was not that of a relation that is there, and was read from a view made of it for a moment.</summary>
    public bool AnyReadBack { get; private set; }

    public async Task<IReadOnlyList<CapturedRelation>> DefinitionsAsync(
        OpenTry open,
        IEnumerable<CapturedRelation> relations,
        CancellationToken cancellation
    )
    {
        var read = new List<CapturedRelation>();
        foreach (var relation in relations)
        {
            var text = await open.LookAsync(
                    relation.Name,
                    () => DefinitionAsync(open, relation, cancellation),
                    cancellation
                )
                .ConfigureAwait(false);
            read.Add(relation with { Definition = text });
        }

        return read;
    }

    private async Task<string> DefinitionAsync(OpenTry open, CapturedRelation relation, CancellationToken cancellation)
    {
        var name = relation.Name;
        if (There(name)?.Definition != relation.Definition)
        {
            AnyReadBack = true;
            name = new RelationName(schema, "read back");
            await open.ExecuteAsync($"create view {name.Sql} as\n{relation.Definition}", relation.Name, cancellation)
                .ConfigureAwait(false);
        }

        return await ReadAsync(
                open,
                "rtrim(pg_catalog.pg_get_viewdef($1::pg_catalog.regclass), ';')",
                name,
                cancellation
            )
            .ConfigureAwait(false);
    }

    private CapturedRelation? There(RelationName name) => there.All.FirstOrDefault(r => r.Name == name);

    private async Task<string> ReadAsync(
        OpenTry open,
        string expression,
        RelationName name,
        CancellationToken cancellation
    )
    {
        await open.ExecuteAsync($"set local search_path to {path}, pg_temp", name, cancellation).ConfigureAwait(false);
        var text = await open
            .Session.ScalarAsync<string>($"select {expression}", cancellation, new NpgsqlParameter { Value = name.Sql })
            .ConfigureAwait(false);
        return text!;
    }
}
