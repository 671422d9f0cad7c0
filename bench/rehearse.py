"""Measures how long the rehearsal of the example takes, whole: backup, restore, the way there and back on its data, and there again.

    bench/rehearse [--results N] [--rounds N]

The change is the example as it is, for its environment production; the server and the data are those of bench.py. The server is durable, and so is the
throwaway one that the backup is restored into. Nothing is cached from one round to the next: each takes a backup of its own.
"""

import argparse
import json
import os
import subprocess
import time

from bench import DEADLINE, EXAMPLE, NOISE, RESULTS, TIDELOCK, Server, Table, commit, machine, spin

WHOLE, PART = "the whole rehearsal", "of that"
OURS = "tidelock rehearse, from its start to its end"
AIM = 30_000


def rehearse(server):
    """Milliseconds of the process and of each part."""
    began = time.perf_counter()
    ran = subprocess.run(
        [TIDELOCK, "rehearse", str(EXAMPLE), "--env", "production", "--json"],
        env={**server.environment, "DATABASE_URL": server.environment["BENCH_URL"]}, cwd=server.folder, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=DEADLINE, check=False,
    )
    took = (time.perf_counter() - began) * 1000
    if ran.returncode != 0:
        raise RuntimeError(f"rehearse ended with {ran.returncode}:\n{ran.stdout[-3000:]}\n{ran.stderr[-2000:]}")
    said = json.loads(ran.stdout)
    return took, {part["part"]: part["seconds"] * 1000 for part in said["parts"]}


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--results", type=int, default=RESULTS, help=f"of ten attempts each (default {RESULTS})")
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    table, load = Table(), [os.getloadavg()[0]]
    with Server() as server:
        attempts = server.fill(chosen.results)
        server.fresh()
        for _ in range(chosen.rounds):
            table.add(NOISE, "fixed work, between", spin())
            took, parts = rehearse(server)
            table.add(WHOLE, OURS, took)
            for part, value in parts.items():
                table.add(PART, part, value)
        size = int(server.psql("bench", "-Atc", "select pg_database_size(current_database())"))
        load.append(os.getloadavg()[0])
        version = server.psql("postgres", "-Atc", "show server_version").split()[0]
    table.rows = dict(sorted(table.rows.items(), key=lambda r: [NOISE, WHOLE, PART].index(r[0][0])))
    print(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit()}, {machine()}. PostgreSQL {version}.")
    print(f"{attempts:,} attempts, {size / 1e6:,.0f} MB. Load (1 min) at the start and at the end: {load[0]:.1f}, {load[1]:.1f}.")
    worst = max(value for value, _ in table.rows[WHOLE, OURS])
    print(f"The aim is under {AIM / 1000:.0f} s; the longest took {worst / 1000:.1f} s.\n")
    table.print({WHOLE: OURS})


if __name__ == "__main__":
    main()
