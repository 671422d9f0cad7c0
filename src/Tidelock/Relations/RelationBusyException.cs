using Npgsql;
using Tidelock.Postgres;

namespace Tidelock.Relations;

/// <summary>What hangs on a relation could not be read in time. Another try may do better.</summary>
public sealed class RelationBusyException(RelationName relation, PostgresException inner)
    : TidelockException(
        Texts.Message.Of("relations.capture.busy", ("relation", relation), ("reason", inner.MessageText)),
        ExitCode.Refused,
        inner
    );
