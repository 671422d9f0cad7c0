using System.Diagnostics;
using System.Globalization;
using Tidelock.Bench.Watch;
using Tidelock.Watching;

const int Ticks = 360;
const int Watches = 1000;
const int Rounds = 31;

Row("measured", "median", "smallest – largest", "own CPU", "aim");
Row("---", "--:", "--:", "--:", "---");
Replay(20, "replay after a restart: 20 signals, 7,200 samples, judged at each of 360 ticks", "50 ms");
ReplayOnce(20, "the same, judged once at the end (what a restart needs)", "");
Replay(6, "replay, 6 signals", "");
Many(6, "1,000 watches of 6 signals, 5 s tick, half an hour");
Many(20, "1,000 watches of 20 signals, 5 s tick, half an hour");

static void Replay(int signals, string what, string aim) =>
    Times(
        what,
        aim,
        signals,
        (watch, ticks) =>
        {
            var record = new WatchRecord(watch.Options, watch.Baseline(), FakeWatch.Start);
            for (var i = 0; i < ticks.Length; i++)
            {
                record.Add(ticks[i]);
                _ = WatchJudge.Judge(record.At(FakeWatch.At(i + 1)), TimeSpan.Zero);
            }
        }
    );

static void ReplayOnce(int signals, string what, string aim) =>
    Times(
        what,
        aim,
        signals,
        (watch, ticks) =>
        {
            var record = new WatchRecord(watch.Options, watch.Baseline(), FakeWatch.Start);
            foreach (var tick in ticks)
            {
                record.Add(tick);
            }

            _ = WatchJudge.Judge(record.At(FakeWatch.At(ticks.Length)), TimeSpan.Zero);
        }
    );

static void Times(string what, string aim, int signals, Action<FakeWatch, IReadOnlyList<Tidelock.Probes.Sample>[]> run)
{
    var times = new List<double>();
    var work = TimeSpan.Zero;
    for (var round = 0; round < Rounds; round++)
    {
        var watch = new FakeWatch(signals, round);
        var ticks = Enumerable.Range(1, Ticks).Select(watch.Tick).ToArray();
        var (clock, before) = (Stopwatch.StartNew(), Processor());
        run(watch, ticks);
        times.Add(clock.Elapsed.TotalMilliseconds);
        work += round == 0 ? TimeSpan.Zero : Processor() - before;
    }

    // The first round, which also compiles, is what a program that has just started needs; the others tell the work itself.
    var warm = times.Skip(1).Order().ToList();
    Row(
        what,
        $"{Number(warm[warm.Count / 2])} ms",
        $"{Number(warm[0])} – {Number(warm[^1])} ms, first {Number(times[0])} ms",
        $"{Number(work.TotalMilliseconds / warm.Count)} ms",
        aim
    );
}

static void Many(int signals, string what)
{
    var before = GC.GetTotalMemory(forceFullCollection: true);
    var watches = Enumerable.Range(0, Watches).Select(seed => new FakeWatch(signals, seed)).ToArray();
    var records = watches.Select(w => new WatchRecord(w.Options, w.Baseline(), FakeWatch.Start)).ToArray();
    var (reading, all) = (TimeSpan.Zero, Processor());
    for (var tick = 1; tick <= Ticks; tick++)
    {
        for (var i = 0; i < watches.Length; i++)
        {
            var from = Stopwatch.GetTimestamp();
            var samples = watches[i].Tick(tick);
            reading += Stopwatch.GetElapsedTime(from);
            records[i].Add(samples);
            _ = WatchJudge.Judge(records[i].At(FakeWatch.At(tick)), TimeSpan.Zero);
        }
    }

    var work = Processor() - all;
    var kept = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1024.0 / 1024;
    var cores = work.TotalSeconds / (Ticks * 5);
    Row(
        what + ": processor",
        $"{Number(100 * cores)} % of a core",
        "",
        $"{Number(work.TotalSeconds)} s, {Number(reading.TotalSeconds)} s of them the fake source",
        "50 %"
    );
    Row(
        what + ": memory",
        $"{Number(kept)} MB",
        $"resident {Number(Environment.WorkingSet / 1024.0 / 1024)} MB",
        "",
        "200 MB"
    );
    GC.KeepAlive(records);
}

static TimeSpan Processor() => Process.GetCurrentProcess().TotalProcessorTime;

static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);

static void Row(params string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");
