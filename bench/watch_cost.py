"""Measures what a watch costs the database it watches: processor time of Tidelock's backends, and how many there are, as the server sees it.

    bench/watch-cost [--minutes N] [--statements N]

The server, the data and the readers are those of bench.py; pg_stat_statements is full of statements, and new ones keep coming. Only the step watch
counts. Backends that end are told by what the postmaster has waited for: nobody else connects or leaves meanwhile.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import threading
import time

from bench import BENCH, EXAMPLE, READ, RESULTS, TIDELOCK, Server, merged

TICK = os.sysconf("SC_CLK_TCK")
OURS = "application_name like 'tidelock/%'"


def spent(pid, children=False):
    """Seconds of processor time of a process, or of its children that have ended; None when it is gone."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return None
    first = 13 if children else 11
    return (int(fields[first]) + int(fields[first + 1])) / TICK


class Application:
    """Reads the view all the time, and says something new once a second."""

    def __init__(self, server, statements):
        self.server, self.over = server, threading.Event()
        with server.connect() as connection, connection.cursor() as cursor:
            connection.autocommit = True
            for i in range(statements):
                cursor.execute(f"select {i} as c{i}, id from public.attempt limit 0")
        self.connection = server.connect()
        self.connection.autocommit = True
        self.thread = threading.Thread(target=self.read)

    def read(self):
        turn = 0
        with self.connection.cursor() as cursor:
            while not self.over.wait(0.1):
                turn += 1
                cursor.execute(READ)
                if turn % 10 == 0:
                    cursor.execute(f"select 1 as new{turn}")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.connection.close()


def watch(server, minutes, statements):
    change = server.folder / "watched"
    shutil.copytree(EXAMPLE, change, ignore=shutil.ignore_patterns("bin", "obj", "bad"))
    own = server.folder / "own.yaml"
    own.write_text((BENCH / "watch-cost.yaml").read_text().replace("MINUTES", str(minutes)))
    (change / "change.yaml").write_text(merged(EXAMPLE / "change.yaml", own))
    server.fresh()
    server.psql("postgres", "-c", "alter system set autovacuum = off", "-c", "select pg_reload_conf()")
    server.psql("bench", "-c", "create extension if not exists pg_stat_statements")
    deploy = [TIDELOCK, "deploy", change, "--env", "bench", "--confirm", "bench", "--json"]
    with Application(server, statements):
        with subprocess.Popen(
            [str(w) for w in deploy], env=server.environment, cwd=server.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as deployed:
            said, begins = [], threading.Event()

            def listen():
                for line in deployed.stdout:
                    said.append(line)
                    event = json.loads(line) if line.startswith("{") else {}
                    if event.get("kind") == "StepStarted" and event["step"] == "watch":
                        begins.set()
                begins.set()

            listener = threading.Thread(target=listen)
            listener.start()
            begins.wait()
            measured = measure(server, minutes * 60 - 15) if deployed.poll() is None else None
            listener.join()
        if deployed.returncode != 0:
            raise RuntimeError(f"deploy ended with {deployed.returncode}:\n{''.join(said)[-3000:]}")
        return measured


def measure(server, seconds):
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    time.sleep(7)  # the first look reads all texts; what follows is what it costs
    with server.connect() as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def backends():
            cursor.execute(f"select pid from pg_stat_activity where {OURS}")
            return [row[0] for row in cursor.fetchall()]

        began, ended = time.monotonic(), spent(postmaster, children=True)
        first = {pid: spent(pid) for pid in backends()}
        last, counts = dict(first), []
        while time.monotonic() - began < seconds:
            time.sleep(0.5)
            alive = backends()
            counts.append(len(alive))
            last.update({pid: spent(pid) for pid in alive if spent(pid) is not None})
        elapsed = time.monotonic() - began
        staying = [pid for pid in first if spent(pid) is not None]
        lasting = {pid: last[pid] - first[pid] for pid in staying}
        passing = spent(postmaster, children=True) - ended
    return elapsed, lasting, passing, counts


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=int, default=3)
    options.add_argument("--statements", type=int, default=4000)
    options = options.parse_args()
    with Server() as server:
        server.fill(RESULTS)
        elapsed, lasting, passing, counts = watch(server, options.minutes, options.statements)
    print(f"{elapsed:.0f} s of watching, one tick in 5 s, {options.statements} statements in pg_stat_statements")
    for pid, used in sorted(lasting.items(), key=lambda p: -p[1]):
        print(f"backend {pid}: {used:.2f} s of processor time, {100 * used / elapsed:.3f} % of one core")
    print(f"backends that came and went (the contract, looked at ten times as often as in half an hour): {passing:.2f} s, {100 * passing / elapsed:.3f} %")
    print(f"backends at one time: usually {sorted(counts)[len(counts) // 2]}, at most {max(counts)}")


if __name__ == "__main__":
    main()
