namespace Tidelock.Cli.Demo;

/// <summary>The example's change as a migration file says it when nobody thinks of what hangs on the view.</summary>
internal static class DemoByHand
{
    /// <summary>Writes it beside the demo's journal.</summary>
    /// <returns>Its folder.</returns>
    public static async Task<string> WriteAsync(string example, string scratch, CancellationToken cancellation)
    {
        var folder = Directory.CreateDirectory(Path.Combine(scratch, "by-hand")).FullName;
        var definition = await File.ReadAllTextAsync(Path.Combine(example, "attempt.sql"), cancellation);
        await File.WriteAllTextAsync(Path.Combine(folder, "change.yaml"), Yaml, cancellation);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "up.sql"),
            $"drop view public.attempt cascade;\ncreate view public.attempt as\n{definition}",
            cancellation
        );
        return folder;
    }

    private const string Yaml = """
        change: attempt-view-by-hand
        migration: { sql: { up: up.sql } }
        rollback: { method: backup }
        contract:
          relation: public.attempt
          columns:
            - { name: id, type: bigint }
            - { name: student_id, type: uuid }
            - { name: item_id, type: bigint }
            - { name: correct, type: boolean }
            - { name: response_time_ms, type: integer }
            - { name: hint_used, type: boolean }
            - { name: completed_at, type: timestamptz }
            - { name: started_at, type: timestamptz }
            - { name: attempt_no, type: integer }
            - { name: session_id, type: text }
            - { name: topic_id, type: text }
        environments:
          demo-production: { database: "${DEMO_PRODUCTION_URL}" }

        """;
}
