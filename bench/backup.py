"""Measures dump and restore of one database: by Tidelock, by hand with the same options, with each compression, and in one file as it was before.

    bench/backup [--megabytes N] [--rounds N] [--jobs N]

The server is that of bench.py, durable. Every round takes every way in turn. Tidelock takes its backup in a real deployment of a change that adds a table:
its times are those of the journal and of what lies beside its dump. It restores into a throwaway server of its own, also durable; the others restore into
a new database of the same server.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import time

from bench import DEADLINE, NOISE, TIDELOCK, Server, Table, commit, machine, milliseconds, span, spin

DUMP, RESTORE, BOTH, SIZE = "dump", "restore", "dump and restore", "size, MB"
HAND = "by hand: -Fd -j{jobs}, {method}"
SEED = "as before: pg_dump -Fc, pg_restore"
OURS = "Tidelock, with digests and counts"

# About as much of each: documents, narrow rows with two indexes, text that hardly compresses, a log.
TABLES = """
create table exam_results (id uuid primary key, user_id text, result_json jsonb not null, created_at timestamptz not null);
insert into exam_results select md5('r' || n)::uuid, 'student-' || n % 5000, jsonb_build_object('questions', (
    select jsonb_agg(jsonb_build_object('question_id', 1000 + (n * 7 + k * 13) % 200, 'is_correct', (n * 31 + k * 17) % 10 < 7,
        'topic', 'topic-' || (n * 7 + k * 13) % 8, 'time_spent_sec', round(3 + ((n * 37 + k * 101) % 9000) / 100.0, 2)))
    from generate_series(1, 10) k)), timestamptz '2025-11-01' - n * interval '5 minutes' from generate_series(1, {m} * 220) n;
create index on exam_results (user_id);
create table attempts (id bigint primary key, result int not null, item int not null, correct bool, at timestamptz not null);
insert into attempts select n, n / 10, (n * 7) % 200, n % 10 < 7, timestamptz '2025-11-01' - n * interval '30 seconds' from generate_series(1, {m} * 2400) n;
create index on attempts (item, at);
create table notes (id int primary key, body text not null);
insert into notes select n, md5(n::text) || md5((n + 1)::text) || md5((n + 2)::text) || md5((n + 3)::text) from generate_series(1, {m} * 1300) n;
create table log (at timestamptz not null, who text, what text);
insert into log select timestamptz '2025-11-01' + n * interval '1 second', 'user-' || n % 997, 'opened page ' || n % 53 || ' of exam ' || n % 12 from generate_series(1, {m} * 2400) n;
"""

CHANGE = """change: backup-bench
migration: { sql: { up: up.sql, down: down.sql } }
gates: { backup: { by: pg_dump, jobs: JOBS, folder: FOLDER }, rollbackPlan: recommended }
watch: { for: 1s, every: 1s, probes: {}, healthy: [], rollBackWhen: [] }
environments:
  bench: { database: "${BENCH_URL}" }
"""


class Ways:
    def __init__(self, server, jobs):
        self.server, self.jobs = server, jobs
        self.dumps = server.folder / "dumps"
        self.dumps.mkdir()
        self.change = server.folder / "change"
        self.change.mkdir()
        (self.change / "up.sql").write_text("create table of_the_change (n int);\n")
        (self.change / "down.sql").write_text("drop table of_the_change;\n")
        text = CHANGE.replace("JOBS", str(jobs)).replace("FOLDER", str(self.dumps / "tidelock"))
        (self.change / "change.yaml").write_text(text)

    def methods(self):
        """Those that this pg_dump has, as it takes them."""
        major = int(self.server.run([self.server.binaries / "pg_dump", "--version"]).split()[2].split(".")[0])
        found = {"none": "0", "gzip:1": "1", "gzip:6": "6"}
        for method in ("lz4", "zstd:1", "zstd:3") if major >= 16 else ():
            tried = subprocess.run(
                [self.server.binaries / "pg_dump", "--compress", method, "-Fc", "-s", "-t", "pg_catalog.pg_class", "-f", "/dev/null", "postgres"],
                env=self.server.environment, capture_output=True, check=False,
            )
            if tried.returncode == 0:
                found[method] = method
        return found

    def by_hand(self, compress):
        jobs = f"-j{self.jobs}"
        return self.dumped(["-Fd", jobs, f"--compress={compress}"], [jobs])

    def seed(self):
        return self.dumped(["-Fc"], [])

    def dumped(self, dump, restore):
        path = self.dumps / "by-hand"
        self.fresh()
        took = timed(lambda: self.server.run([self.server.binaries / "pg_dump", *dump, "-f", path, "bench"]))
        size = sum(f.stat().st_size for f in path.iterdir()) if path.is_dir() else path.stat().st_size
        self.server.psql("postgres", "-c", "create database restored template template0")
        restored = timed(lambda: self.restored(path, restore))
        self.server.psql("postgres", "-c", "drop database restored")
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        return took, restored, size

    def restored(self, path, how):
        """Without statistics of its tables nothing is served well: everybody's restore ends with ANALYZE."""
        self.server.run([self.server.binaries / "pg_restore", "--exit-on-error", *how, "-d", "restored", path])
        self.server.psql("restored", "-c", "analyze")

    def tidelock(self):
        self.fresh()
        deploy = [TIDELOCK, "deploy", self.change, "--env", "bench", "--confirm", "bench", "--json"]
        ran = subprocess.run(
            [str(w) for w in deploy], env=self.server.environment, cwd=self.server.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=DEADLINE, check=False,
        )
        if ran.returncode != 0:
            raise RuntimeError(f"deploy ended with {ran.returncode}:\n{ran.stdout[-3000:]}\n{ran.stderr[-2000:]}")
        events = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        began = next(e["at"] for e in events if e.get("kind") == "StepStarted" and e["step"] == "backup")
        facts = [e for e in events if e.get("kind") == "FactRecorded" and (e["step"], e["name"]) == ("backup", "backup")]
        backup = facts[-1]["value"]
        manifest = json.loads((pathlib.Path(backup["path"]) / "manifest.json").read_text())
        shutil.rmtree(backup["path"])
        return milliseconds(began, facts[0]["at"]), span(backup["restoreTook"]), manifest["size"]

    def fresh(self):
        self.server.psql("postgres", "-c", "drop database if exists bench with (force)", "-c", "create database bench template filled", "-c", "checkpoint")
        self.server.psql("bench", "-Atc", "select count(*) from exam_results", "-c", "select count(*) from attempts")


def timed(work):
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=1000, help="about so large is the database (default 1000)")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--jobs", type=int, default=2)
    chosen = options.parse_args()
    table, load = Table(), [os.getloadavg()[0]]
    with Server() as server:
        server.psql("postgres", "-c", "create database filled")
        server.psql("filled", "-c", TABLES.replace("{m}", str(chosen.megabytes)))
        server.psql("filled", "-c", "vacuum analyze")
        size = int(server.psql("filled", "-Atc", "select pg_database_size(current_database())"))
        ways = Ways(server, chosen.jobs)
        rows = {HAND.format(jobs=chosen.jobs, method=name): (lambda how=how: ways.by_hand(how)) for name, how in ways.methods().items()}
        rows[SEED] = ways.seed
        rows[OURS] = ways.tidelock
        for _ in range(chosen.rounds):
            for row, way in rows.items():
                table.add(NOISE, "fixed work, between", spin())
                dumped, restored, written = way()
                for part, value in ((DUMP, dumped), (RESTORE, restored), (BOTH, dumped + restored), (SIZE, written / 1e6)):
                    table.add(part, row, value)
        load.append(os.getloadavg()[0])
        version = server.psql("postgres", "-Atc", "show server_version").split()[0]
    table.rows = dict(sorted(table.rows.items(), key=lambda r: [NOISE, DUMP, RESTORE, BOTH, SIZE].index(r[0][0])))
    print(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit()}, {machine()}. PostgreSQL {version}.")
    print(f"{size / 1e6:,.0f} MB of database, {chosen.jobs} jobs. Load (1 min) at the start and at the end: {load[0]:.1f}, {load[1]:.1f}.\n")
    table.print({part: OURS for part in (DUMP, RESTORE, BOTH, SIZE)})


if __name__ == "__main__":
    main()
