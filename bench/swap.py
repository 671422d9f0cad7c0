"""Measures how long clients are shut out while a backup is restored: by Tidelock's swap, and by the two ways it is done by hand.

    bench/swap [--megabytes N] [--clients N] [--rounds N]

Each client reads one row every 20 ms and connects again, at once and in a loop, when it is thrown out. What counts is the longest time between two of its
reads that went well, the worst of all clients. The server and the data are those of bench.py and backup.py.
"""

import argparse
import json
import os
import shutil
import subprocess
import threading
import time

import psycopg2

from backup import CHANGE, TABLES
from bench import DEADLINE, NOISE, TIDELOCK, Server, Table, commit, machine, spin

SHUT_OUT, WHOLE = "longest time without a read, of all clients", "the whole restore"
OURS = "Tidelock: beside, then the swap"
IN_PLACE = "by hand: pg_restore --clean -1"
RECREATED = "by hand: drop, create, pg_restore -j2"
PAUSE = 0.02


class Clients:
    """They all read, each by a connection of its own."""

    def __init__(self, server, count):
        self.server, self.over = server, threading.Event()
        self.longest, self.refused = [0.0] * count, 0
        self.reading = threading.Barrier(count + 1)
        self.threads = [threading.Thread(target=self.read, args=(n,)) for n in range(count)]

    def read(self, number):
        connection, last = None, None
        while not self.over.is_set():
            try:
                if connection is None:
                    connection = self.server.connect()
                    connection.autocommit = True
                with connection.cursor() as cursor:
                    cursor.execute("select id from public.attempts where id = %s", (1 + number,))
                    cursor.fetchone()
            except psycopg2.Error:
                self.refused += 1
                if connection is not None:
                    connection.close()
                connection = None
                time.sleep(PAUSE / 10)
                continue
            now = time.perf_counter()
            if last is None:
                self.reading.wait()
            else:
                self.longest[number] = max(self.longest[number], now - last)
            last = now
            self.over.wait(PAUSE)
        if last is not None:
            self.longest[number] = max(self.longest[number], time.perf_counter() - last)
        if connection is not None:
            connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        self.reading.wait()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Ways:
    def __init__(self, server, clients):
        self.server, self.clients = server, clients
        self.dump = server.folder / "by-hand"
        self.change = server.folder / "change"
        self.change.mkdir()
        (self.change / "up.sql").write_text("create table of_the_change (n int);\n")
        (self.change / "down.sql").write_text("drop table of_the_change;\n")
        text = CHANGE.replace("JOBS", "2").replace("FOLDER", str(server.folder / "dumps")).replace("by: pg_dump", "by: pg_dump, proof: verified")
        (self.change / "change.yaml").write_text(text)

    def tidelock(self):
        self.server.fresh_copy()
        self.said("deploy", self.change, "--env", "bench", "--confirm", "bench")
        with Clients(self.server, self.clients) as clients:
            began = time.perf_counter()
            said = self.said("rollback", "--method", "backup", "--confirm", "bench", code=1)
            took = time.perf_counter() - began
        swapped = [e for e in said if e.get("kind") == "DatabaseSwapped"]
        if len(swapped) != 1:
            raise RuntimeError("nothing was swapped")
        self.server.psql("postgres", "-c", f"drop database \"{swapped[0]['kept']}\"")
        shutil.rmtree(self.server.folder / "dumps")
        return clients, took

    def in_place(self):
        def restore():
            self.restore("--clean", "--if-exists", "--single-transaction", "-d", "bench")
        return self.by_hand(restore)

    def recreated(self):
        def restore():
            self.server.psql("postgres", "-c", "drop database bench with (force)", "-c", "create database bench template template0")
            self.restore("-j2", "-d", "bench")
        return self.by_hand(restore)

    def by_hand(self, restore):
        self.server.fresh_copy()
        self.server.run([self.server.binaries / "pg_dump", "-Fd", "-j2", "--compress=1", "-f", self.dump, "bench"])
        with Clients(self.server, self.clients) as clients:
            began = time.perf_counter()
            restore()
            took = time.perf_counter() - began
            time.sleep(1)
        shutil.rmtree(self.dump)
        return clients, took

    def restore(self, *words):
        self.server.run([self.server.binaries / "pg_restore", "--exit-on-error", *words, self.dump])

    def said(self, *words, code=0):
        ran = subprocess.run(
            [str(w) for w in (TIDELOCK, *words, "--json")], env=self.server.environment, cwd=self.server.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=DEADLINE, check=False,
        )
        if ran.returncode != code:
            raise RuntimeError(f"{words[0]} ended with {ran.returncode}:\n{ran.stdout[-3000:]}\n{ran.stderr[-2000:]}")
        return [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]


class Crowded(Server):
    def fresh_copy(self):
        self.psql("postgres", "-c", "drop database if exists bench with (force)", "-c", "create database bench template filled", "-c", "checkpoint")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--megabytes", type=int, default=200, help="about so large is the database (default 200)")
    options.add_argument("--clients", type=int, default=50)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    table, load, refused = Table(), [os.getloadavg()[0]], {}
    with Crowded() as server:
        server.psql("postgres", "-c", "create database filled")
        server.psql("filled", "-c", TABLES.replace("{m}", str(chosen.megabytes)), "-c", "vacuum analyze")
        size = int(server.psql("filled", "-Atc", "select pg_database_size(current_database())"))
        ways = Ways(server, chosen.clients)
        for _ in range(chosen.rounds):
            for row, way in ((OURS, ways.tidelock), (IN_PLACE, ways.in_place), (RECREATED, ways.recreated)):
                table.add(NOISE, "fixed work, between", spin())
                clients, took = way()
                table.add(SHUT_OUT, row, max(clients.longest) * 1000)
                table.add(WHOLE, row, took * 1000)
                refused[row] = refused.get(row, 0) + clients.refused
        load.append(os.getloadavg()[0])
        version = server.psql("postgres", "-Atc", "show server_version").split()[0]
    table.rows = dict(sorted(table.rows.items(), key=lambda r: [NOISE, SHUT_OUT, WHOLE].index(r[0][0])))
    print(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit()}, {machine()}. PostgreSQL {version}.")
    print(f"{size / 1e6:,.0f} MB of database, {chosen.clients} clients. Load (1 min) at the start and at the end: {load[0]:.1f}, {load[1]:.1f}.")
    print(f"Reads and connections that failed, in all rounds: {', '.join(f'{row} {count:,}' for row, count in refused.items())}.\n")
    table.print({part: OURS for part in (SHUT_OUT, WHOLE)})


if __name__ == "__main__":
    main()
