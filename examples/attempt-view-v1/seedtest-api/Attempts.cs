using Npgsql;

namespace SeedtestApi;

/// <summary>Reads the attempt view.</summary>
internal sealed class Attempts(NpgsqlDataSource database)
{
    private const string OfStudent = """
        select id, student_id, item_id, correct, response_time_ms, hint_used, completed_at, attempt_no, topic_id
        from public.attempt
        where student_id = $1
        order by completed_at desc, id
        limit 100
        """;

    // Students whose id is the same in the older view and in V1.
    private const string SomeStudents = """
        select distinct user_id::uuid
        from (
            select user_id from public.exam_results
            where user_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
            limit 500
        ) as known
        """;

    public async Task<IReadOnlyList<Attempt>> OfStudentAsync(Guid student, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(OfStudent);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = student });
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var attempts = new List<Attempt>();
        while (await reader.ReadAsync(cancellation))
        {
            attempts.Add(
                new Attempt(
                    reader.GetInt64(0),
                    reader.GetGuid(1),
                    reader.GetInt64(2),
                    reader.GetBoolean(3),
                    reader.GetInt32(4),
                    reader.GetBoolean(5),
                    reader.GetDateTime(6),
                    reader.GetInt64(7),
                    await reader.IsDBNullAsync(8, cancellation) ? null : reader.GetString(8)
                )
            );
        }
        return attempts;
    }

    public async Task<IReadOnlyList<Guid>> SomeStudentsAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(SomeStudents);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var students = new List<Guid>();
        while (await reader.ReadAsync(cancellation))
        {
            students.Add(reader.GetGuid(0));
        }
        return students;
    }

    public async Task PingAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select 1");
        await command.ExecuteScalarAsync(cancellation);
    }
}
