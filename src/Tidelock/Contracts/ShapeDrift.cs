using Tidelock.Postgres;
using Tidelock.Texts;

namespace Tidelock.Contracts;

/// <summary>In what a relation's columns are others than its contract says.</summary>
internal static class ShapeDrift
{
    public static IReadOnlyList<Message> Find(Contract contract, IReadOnlyList<ContractColumn> actual)
    {
        var relation = contract.Relation!;
        var missing = contract.Columns.Where(c => !Has(actual, c)).ToList();
        var extra = actual.Where(c => !Has(contract.Columns, c)).ToList();
        var both = contract.Columns.Where(c => Has(actual, c)).ToList();
        var order = actual.Where(c => Has(contract.Columns, c)).Select(c => c.Name).ToList();
        return
        [
            .. missing.Select(c =>
                Message.Of("contracts.column.missing", ("relation", relation), ("column", c.Name), ("type", c.Type))
            ),
            .. extra.Select(c =>
                Message.Of("contracts.column.extra", ("relation", relation), ("column", c.Name), ("type", c.Type))
            ),
            .. both.Select(c => Retyped(relation, c, actual)).OfType<Message>(),
            .. order.SequenceEqual(both.Select(c => c.Name), StringComparer.Ordinal)
                ? Array.Empty<Message>()
                :
                [
                    Message.Of(
                        "contracts.columns.reordered",
                        ("relation", relation),
                        ("expected", string.Join(", ", both.Select(c => c.Name))),
                        ("actual", string.Join(", ", order))
                    ),
                ],
        ];
    }

    private static bool Has(IEnumerable<ContractColumn> columns, ContractColumn column) =>
        columns.Any(c => string.Equals(c.Name, column.Name, StringComparison.Ordinal));

    private static Message? Retyped(RelationName relation, ContractColumn wanted, IEnumerable<ContractColumn> actual)
    {
        var type = actual.First(c => string.Equals(c.Name, wanted.Name, StringComparison.Ordinal)).Type;
        return IsType(type, TypeName.Normalize(wanted.Type))
            ? null
            : Message.Of(
                "contracts.column.type",
                ("relation", relation),
                ("column", wanted.Name),
                ("expected", wanted.Type),
                ("actual", type)
            );
    }

    /// <summary>With the pinned search_path a type outside pg_catalog is shown with its schema, which the author may leave out.</summary>
    private static bool IsType(string actual, string wanted) =>
        string.Equals(actual, wanted, StringComparison.Ordinal)
        || actual.EndsWith("." + wanted, StringComparison.Ordinal);
}
