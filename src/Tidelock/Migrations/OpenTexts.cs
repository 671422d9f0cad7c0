using Npgsql;
using Tidelock.Postgres;
using Tidelock.Relations;

namespace Tidelock.Migrations;

/// <summary>
/// Definitions as PostgreSQL writes them where a closure's schemas are in the search_path: its relations without their schemas, so
/// that the same text can mean others. Nothing is replaced in a text.
/// </summary>
/// <param name="there">The closure that is there.</param>
/// <param name="schemas">Where it stands, and where views can be made that only exist to be read back.</param>
internal sealed class OpenTexts(RelationClosure there, BesideSchemas schemas)
{
    /// <summary>Whether a definition was not that of a relation that is there, and was read from a view made of it for a moment.</summary>
    public bool AnyReadBack { get; private set; }

    /// <summary>The definitions, each to be read with its own order of the schemas.</summary>
    /// <returns>Null for one that reads two relations of one name, so that no order can tell them apart.</returns>
    public async Task<IReadOnlyList<OpenText?>> DefinitionsAsync(
        OpenTry open,
        IEnumerable<CapturedRelation> relations,
        CancellationToken cancellation
    )
    {
        var read = new List<OpenText?>();
        foreach (var relation in relations)
        {
            read.Add(
                await open.LookAsync(relation.Name, () => DefinitionAsync(open, relation, cancellation), cancellation)
                    .ConfigureAwait(false)
            );
        }

        return read;
    }

    private async Task<OpenText?> DefinitionAsync(
        OpenTry open,
        CapturedRelation relation,
        CancellationToken cancellation
    )
    {
        var name = relation.Name;
        if (There(name)?.Definition != relation.Definition)
        {
            AnyReadBack = true;
            name = new RelationName(schemas.Any, "read back");
            await open.ExecuteAsync($"create view {name.Sql} as\n{relation.Definition}", relation.Name, cancellation)
                .ConfigureAwait(false);
        }

        if (await OrderAsync(open, name, cancellation).ConfigureAwait(false) is not { } order)
        {
            return null;
        }

        await open.ExecuteAsync($"set local search_path to {BesideSchemas.Text(order)}", name, cancellation)
            .ConfigureAwait(false);
        var text = await open
            .Session.ScalarAsync<string>(
                "select rtrim(pg_catalog.pg_get_viewdef($1::pg_catalog.regclass), ';')",
                cancellation,
                new NpgsqlParameter { Value = name.Sql }
            )
            .ConfigureAwait(false);
        return new OpenText(relation with { Definition = text! }, order);
    }

    private CapturedRelation? There(RelationName name) => there.All.FirstOrDefault(r => r.Name == name);

    /// <summary>The schemas, so that each relation of the closure that is read comes before all others of its name; null for none such.</summary>
    private async Task<IReadOnlyList<string>?> OrderAsync(
        OpenTry open,
        RelationName name,
        CancellationToken cancellation
    )
    {
        var pairs = await open
            .Session.QueryAsync(
                SqlText.Beside<OpenTry>("Namesakes"),
                r => (First: r.GetString(0), Later: r.GetString(1)),
                cancellation,
                new NpgsqlParameter { Value = name.Sql },
                new NpgsqlParameter { Value = there.All.Select(r => r.Name.Sql).ToArray() },
                new NpgsqlParameter { Value = schemas.Sources.ToArray() }
            )
            .ConfigureAwait(false);
        var (left, order) = (schemas.Sources.ToList(), new List<string>());
        while (left.Find(s => !pairs.Exists(p => p.Later == s && left.Contains(p.First))) is { } next)
        {
            left.Remove(next);
            order.Add(next);
        }

        return left.Count == 0 ? order : null;
    }
}

/// <summary>A relation whose definition means the closure by bare names.</summary>
/// <param name="Relation">With that definition.</param>
/// <param name="Order">The schemas in whose order the names mean it.</param>
internal sealed record OpenText(CapturedRelation Relation, IReadOnlyList<string> Order);
