using Tidelock.Postgres;
using Tidelock.Runs;
using Tidelock.Tests.Runs;
using Tidelock.Texts;

namespace Tidelock.Tests.Steps;

/// <summary>
/// A run with downstream queries whose bounds nobody measured, so that each is unanswered without a database, by a clock that is a minute
/// later whenever it is looked at.
/// </summary>
internal sealed class SlowContext : IRunWriter, IRunObserver
{
    public SlowContext(params IEnumerable<string> queries)
    {
        var folder = Directory.CreateTempSubdirectory("tidelock-slow-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "new.sql"), "select 1 as id");
            File.WriteAllText(
                Path.Combine(folder, "change.yaml"),
                $$"""
                change: scores
                migration: { view: { name: public.scores, definition: new.sql } }
                downstream: [{{string.Join(
                    ", ",
                    queries.Select(q => $"{{ name: {q}, sql: select 1, within: 2x baseline }}")
                )}}]
                environments: { production: { database: "postgresql://u@127.0.0.1:1/d" } }
                """
            );
            var variables = new Dictionary<string, string>(StringComparer.Ordinal);
            var reading = TidelockServices.ChangeLoader.Load(folder, "production", variables);
            Assert.True(reading.Change is not null, string.Join('\n', reading.Mistakes));
            Context = new StepContext(
                "watch",
                new RunId("01JDK3V4Q8Z5W6X7Y8Z9A0B1C2"),
                reading.Change!,
                reading.Change!.Environments.Single(),
                PostgresTarget.Parse("postgresql://u@127.0.0.1:1/d", variables),
                new HurryingTime(),
                this,
                this
            );
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public StepContext Context { get; }

    public RunState State => RunState.Empty;

    public Task AppendAsync(RunEvent e, CancellationToken cancellation) => Task.CompletedTask;

    public void Happened(RunEvent e, RunState state) { }

    public void Progressed(string step, Message progress) { }

    public void Warned(Message warning) { }

    private sealed class HurryingTime : TimeProvider
    {
        private long looks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Increment(ref looks) * TimeSpan.TicksPerMinute;

        public override DateTimeOffset GetUtcNow() => SampleEvents.Zero.AddMinutes(Interlocked.Read(ref looks));
    }
}
