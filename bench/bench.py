"""Measures Tidelock and its peers side by side on a throwaway PostgreSQL server and prints one table (Markdown).

Called by bench/run, which builds what is measured. Every round takes every program in turn, so that what else the machine does
falls on all of them; a cell is the median of the rounds, with the smallest and the largest beside it.
"""

import argparse
import contextlib
import glob
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
EXAMPLE = ROOT / "examples" / "attempt-view-v1"
PEERS = ROOT / "artifacts" / "bench" / "peers" / "Tidelock.Bench.Peers.dll"
TIDELOCK = os.environ["TIDELOCK_NATIVE"]
RESULTS = 20_000  # of 10 answers each: 200,000 attempts
READERS = 16
PAUSE = 0.05  # between a reader's reads
VIEWS = 5_000  # in the database whose closure is captured
HELD = 8.0  # how long the long reader stays open once the migration has begun
DEADLINE = 3600  # of one program; none comes near it unless it hangs
ACTIVE = ("prerequisites", "baseline", "migrate", "verify", "smoke", "application")
READ = (
    "select id, item_id, correct, attempt_no from public.attempt"
    " where student_id = '0018c10b-a7e3-ccf1-83ec-81cf121c6ce3' order by completed_at desc, id limit 100"
)


class Server:
    """A PostgreSQL server of its own: a socket in a folder of /tmp, no TCP, gone at the end. Durable, as a real one is."""

    def __init__(self):
        self.binaries = pathlib.Path(
            max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: int(p.split("/")[4]))
        )
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tl-bench-", dir="/tmp"))
        self.user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        self.environment = {
            **os.environ,
            "PATH": f"{self.binaries}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
            "PGHOST": str(self.folder),
            "PGPORT": "5432",
            "PGUSER": "postgres",
            "PGDATABASE": "bench",
            "PGPASSFILE": "/dev/null",
            "XDG_STATE_HOME": str(self.folder / "state"),
            "TIDELOCK_JOURNAL": str(self.folder / "journal.db"),
            "BENCH_UP": str(self.folder / "scripts" / "V1__up.sql"),
            "BENCH_URL": f"postgresql://postgres@/bench?host={self.folder}&port=5432",
        }

    def __enter__(self):
        if self.user:
            shutil.chown(self.folder, "nobody", "nogroup")
        try:
            self._pg("initdb", "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-D", self.data)
            settings = f"-k {self.folder} -c listen_addresses='' -c shared_preload_libraries=pg_stat_statements -c jit=off"
            self._pg("pg_ctl", "-D", self.data, "-l", self.folder / "log", "-w", "-t", "60", "-o", settings, "start")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with contextlib.suppress(Exception):
            self._pg("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def data(self):
        return self.folder / "data"

    def fill(self, results):
        """The database every run starts from, once; the number of attempts in it."""
        self.psql("postgres", "-c", "create database filled")
        self.psql("filled", "-f", EXAMPLE / "database.sql")
        self.psql("filled", "-c", f"set seedtest.results = {results}", "-f", EXAMPLE / "generate.sql", "-c", "vacuum analyze")
        return int(self.psql("filled", "-Atc", "select count(*) from public.attempt").strip())

    def fresh(self):
        """A new copy of it called bench."""
        self.psql("postgres", "-c", "drop database if exists bench with (force)")
        self.psql("postgres", "-c", "create database bench template filled")
        self.psql("postgres", "-c", "checkpoint")
        self.psql("bench", "-Atc", READ)

    def psql(self, database, *arguments):
        return self.run([self.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments])

    def run(self, words, cwd=None):
        ran = subprocess.run(
            [str(w) for w in words], env=self.environment, cwd=cwd, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=DEADLINE, check=False,
        )
        if ran.returncode != 0:
            raise RuntimeError(f"{words} ended with {ran.returncode}:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}")
        return ran.stdout

    def connect(self):
        return psycopg2.connect(host=str(self.folder), port=5432, user="postgres", dbname="bench")

    def _pg(self, program, *arguments):
        subprocess.run(
            [*self.user, str(self.binaries / program), *map(str, arguments)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/tmp", timeout=120, check=True,
        )


class Workshop:
    """The programs, each with a project of its own for the same change."""

    def __init__(self, server):
        self.server = server
        folder = server.folder
        (folder / "scripts").mkdir()
        shutil.copy(EXAMPLE / "up.sql", folder / "scripts" / "V1__up.sql")
        shutil.copytree(BENCH / "alembic", folder / "alembic")
        (folder / "alembic.ini").write_text(f"[alembic]\nscript_location = {folder / 'alembic'}\n")
        self._sqitch(folder / "sqitch")
        self.change = folder / "attempt-view-v1"
        shutil.copytree(EXAMPLE, self.change, ignore=shutil.ignore_patterns("bin", "obj", "bad"))
        (self.change / "change.yaml").write_text(merged(EXAMPLE / "change.yaml", BENCH / "change.yaml"))
        npgsql = f"Host={folder};Port=5432;Username=postgres;Database=bench"
        self.peers = {
            "psql -f up.sql": [server.binaries / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-1", "-f", folder / "scripts" / "V1__up.sql"],
            "Alembic": ["alembic", "-c", folder / "alembic.ini", "upgrade", "head"],
            "DbUp": ["dotnet", PEERS, "dbup", npgsql, folder / "scripts"],
            "Evolve": ["dotnet", PEERS, "evolve", npgsql, folder / "scripts"],
            "FluentMigrator": ["dotnet", PEERS, "fluentmigrator", npgsql, folder / "scripts"],
            "Sqitch": ["sqitch", "deploy", "--chdir", folder / "sqitch", "db:pg:bench"],
        }
        self.rollback = [TIDELOCK, "rollback", "--method", "definition", "--confirm", "bench", "--json"]
        self.capture = ["dotnet", PEERS, "tidelock-capture", npgsql.replace("Database=bench", "Database=views"), "public.v0"]
        # Of the example's checks only the contents: on millions of rows the smoke checks' own bounds do not fit.
        self.contents = folder / "attempt-view-v1-contents"
        shutil.copytree(self.change, self.contents)
        (self.contents / "change.yaml").write_text(merged(self.change / "change.yaml", BENCH / "contents.yaml"))

    def migrate(self, program, begun=lambda: None):
        """Runs the change with one program; the durations in milliseconds. Calls begun when its migration begins."""
        return self.tidelock(self.change, begun) if program == "Tidelock" else self._peer(program, begun)

    def _peer(self, program, begun):
        begun()
        began = time.perf_counter()
        said = self.server.run(self.peers[program], cwd=self.server.folder)
        took = {"process": (time.perf_counter() - began) * 1000}
        if program in ("DbUp", "Evolve", "FluentMigrator"):
            took["call"] = float(said.strip().splitlines()[-1])
        return took

    def tidelock(self, change, begun=lambda: None):
        deploy = [TIDELOCK, "deploy", change, "--env", "bench", "--confirm", "bench", "--json"]
        steps, started, compared, said = {}, {}, {}, []
        began = time.perf_counter()
        with subprocess.Popen(
            [str(w) for w in deploy], env=self.server.environment, cwd=self.server.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as deployed:
            stop = threading.Timer(DEADLINE, deployed.kill)
            stop.start()
            for line in deployed.stdout:
                said.append(line)
                event = json.loads(line) if line.startswith("{") else {}
                if event.get("kind") == "StepStarted":
                    started[event["step"]] = event["at"]
                    if event["step"] == "migrate":
                        begun()
                elif event.get("kind") == "StepEnded":
                    steps[event["step"]] = milliseconds(started[event["step"]], event["at"])
                elif event.get("kind") == "FactRecorded" and event["name"] == "content":
                    compared[event["step"]] = span(event["value"]["took"])
            _, status, used = os.wait4(deployed.pid, 0)
            deployed.returncode = os.waitstatus_to_exitcode(status)
            stop.cancel()
        if deployed.returncode != 0:
            raise RuntimeError(f"deploy ended with {deployed.returncode}:\n{''.join(said)[-3000:]}")
        return {
            "process": (time.perf_counter() - began) * 1000,
            "active": sum(steps.get(s, 0) for s in ACTIVE),
            "compared": compared,
            "memory": used.ru_maxrss / 1024,
            **{s: steps[s] for s in ACTIVE if s in steps},
        }

    def back(self):
        """Takes the newest deployment back; milliseconds from the decision to the end of the step that reverts."""
        ran = subprocess.run(
            [str(w) for w in self.rollback], env=self.server.environment, cwd=self.server.folder, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=DEADLINE, check=False,
        )
        events = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        decided = [e["at"] for e in events if e.get("kind") == "RollbackStarted"]
        reverted = [e["at"] for e in events if e.get("kind") == "StepEnded" and e["step"] == "rollback.revert"]
        if ran.returncode != 1 or not decided or not reverted:
            raise RuntimeError(f"rollback ended with {ran.returncode}:\n{ran.stdout[-3000:]}\n{ran.stderr[-1000:]}")
        return milliseconds(decided[0], reverted[0])

    def _sqitch(self, folder):
        for name in ("deploy", "revert", "verify"):
            (folder / name).mkdir(parents=True)
        (folder / "sqitch.conf").write_text("[core]\n\tengine = pg\n[user]\n\tname = Bench\n\temail = bench@example.com\n")
        (folder / "sqitch.plan").write_text(
            "%syntax-version=1.0.0\n%project=bench\n\nattempt_view_v1 2025-11-01T00:00:00Z Bench <bench@example.com> # Lock it\n"
        )
        # Sqitch leaves the transaction to the script; its own template has these two lines.
        (folder / "deploy" / "attempt_view_v1.sql").write_text(f"begin;\n{(EXAMPLE / 'up.sql').read_text()}\ncommit;\n")


class Readers:
    """One reader who has read the view and stays in its transaction; others who read it all the time."""

    def __init__(self, server):
        self.server = server
        self.waits = []  # (began, seconds)
        self.errors = []
        self.over = threading.Event()
        self.long = None
        self.timer = None
        self.threads = [threading.Thread(target=self._read, daemon=True) for _ in range(READERS)]

    def __enter__(self):
        self.long = self.server.connect()
        self.long.cursor().execute("select count(*) from (" + READ + ") as r")
        for thread in self.threads:
            thread.start()
        time.sleep(1)
        return self

    def __exit__(self, *_):
        if self.timer:
            self.timer.cancel()
        self.long.close()
        self.over.set()
        for thread in self.threads:
            thread.join(DEADLINE)

    def migration_begins(self):
        """From now the long reader stays for its time, then ends its transaction."""
        self.began = time.perf_counter()
        self.timer = threading.Timer(HELD, self.long.rollback)
        self.timer.start()

    def longest(self, since, until):
        """The longest wait in milliseconds of the reads that were under way between two moments."""
        return max((took for began, took in self.waits if began + took >= since and began <= until), default=0) * 1000

    def _read(self):
        connection = self.server.connect()
        connection.autocommit = True
        cursor = connection.cursor()
        while not self.over.is_set():
            began = time.perf_counter()
            try:
                cursor.execute(READ)
                cursor.fetchall()
            except psycopg2.Error as error:
                self.errors.append(str(error).splitlines()[0])
            self.waits.append((began, time.perf_counter() - began))
            self.over.wait(PAUSE)
        connection.close()


def merged(change, other):
    """The change's text with the other's top-level keys in place of its own, and without those that need files left behind."""
    own = blocks(change.read_text())
    theirs = blocks(other.read_text())
    dropped = {"links", *theirs}
    return "".join(text for key, text in own.items() if key not in dropped) + "".join(theirs.values())


def blocks(text):
    parts = re.split(r"(?m)^(?=[A-Za-z]+:)", text)
    return {part.split(":", 1)[0]: part for part in parts if re.match(r"[A-Za-z]+:", part)}


def milliseconds(first, last):
    """Between two moments as the journal writes them; Python 3.11 reads no seventh digit."""

    def read(text):
        whole, _, rest = text.partition(".")
        fraction = re.match(r"\d*", rest).group()
        return datetime.fromisoformat(whole[:19]).timestamp() + float("0." + (fraction or "0"))

    return (read(last) - read(first)) * 1000


def span(text):
    """A duration as .NET writes it, 00:00:02.1000000, in milliseconds."""
    hours, minutes, seconds = text.split(":")
    return (int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000


def spin():
    """A fixed piece of work: how much it differs between rounds is the machine's noise."""
    began = time.perf_counter()
    sum(i * i for i in range(2_000_000))
    return (time.perf_counter() - began) * 1000


class Table:
    """Rows of a part with what was measured in each round: milliseconds, and the program's own processor time where it is known."""

    def __init__(self):
        self.rows = {}  # (part, row) -> list of (milliseconds, CPU milliseconds or None)

    def add(self, part, row, value, cpu=None):
        self.rows.setdefault((part, row), []).append((value, cpu))

    def print(self, references):
        print("| measured | program | median, ms unless said | smallest – largest | own CPU ms | rounds | ratio |")
        print("|---|---|--:|--:|--:|--:|--:|")
        medians = {key: statistics.median(value for value, _ in values) for key, values in self.rows.items()}
        for (part, row), values in self.rows.items():
            times = [value for value, _ in values]
            cpu = [cpu for _, cpu in values if cpu is not None]
            cells = [
                part,
                row,
                show(medians[part, row]),
                f"{show(min(times))} – {show(max(times))}",
                show(statistics.median(cpu)) if cpu else "",
                str(len(values)),
                f"{medians[part, row] / medians[part, references[part]]:.2f}" if part in references else "",
            ]
            print(f"| {' | '.join(cells)} |")


def show(value):
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def cpu():
    """The processor time of all programs that have ended, in milliseconds; the server is not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) * 1000


STARTING = "start-up"
ACTIVE_TIME = "active time"
CONTENTS = "contents, old and new"
SLOWER = "EXPLAIN ANALYZE, the slower of old and new"
WAITING = "longest wait of a reader"
NOISE = "noise"
CAPTURING = "closure"
MEMORY = "resident memory, MB"
TIDELOCK_WAITING = "Tidelock, the whole deployment"


def start_up(server, workshop, table, rounds):
    server.fresh()
    workshop.migrate("Tidelock")
    server.fresh()
    workshop.migrate("Alembic")
    sqitch = server.folder / "sqitch"
    server.run(["sqitch", "deploy", "--log-only", "db:pg:bench"], cwd=sqitch)
    programs = {
        "tidelock --version": [TIDELOCK, "--version"],
        "tidelock version": [TIDELOCK, "version"],
        "tidelock status": [TIDELOCK, "status"],
        "alembic current": ["alembic", "-c", server.folder / "alembic.ini", "current"],
        "sqitch status": ["sqitch", "status", "db:pg:bench"],
        "psql -c 'select 1'": [server.binaries / "psql", "-X", "-Atc", "select 1"],
    }
    for number in range(-1, rounds):  # the first warms up
        for row, words in programs.items():
            used, began = cpu(), time.perf_counter()
            server.run(words, cwd=sqitch)
            if number >= 0:
                table.add(STARTING, row, (time.perf_counter() - began) * 1000, cpu() - used)
        table.add(NOISE, "fixed work, between the starts", spin())


def active_time(server, workshop, table, rounds):
    for _ in range(rounds):
        for program in ("Tidelock", *workshop.peers):
            server.fresh()
            table.add(NOISE, "fixed work, between the deployments", spin())
            used = cpu()
            took = workshop.migrate(program)
            used = cpu() - used
            if program == "Tidelock":
                table.add(ACTIVE_TIME, "Tidelock, six steps: all of the rows below", took["active"])
                for step in ACTIVE:
                    verified = " (what the others do)" if step == "migrate" else ""
                    table.add(ACTIVE_TIME, f"Tidelock, step {step}{verified}", took[step])
                table.add(ACTIVE_TIME, "Tidelock, `deploy` with plan, watch of 1 s, end", took["process"], used)
                table.add(ACTIVE_TIME, "Tidelock, back by definition, from the decision on", workshop.back())
            else:
                table.add(ACTIVE_TIME, f"{program} (verifies nothing)", took["process"], used)
                if "call" in took:
                    table.add(ACTIVE_TIME, f"{program}, its own call without .NET's start", took["call"])


def contents(server, workshop, table, rounds):
    """The comparison of verify digests both sides; that of baseline also matches by key, because id and student_id differ."""
    columns = "id, student_id, item_id, correct, response_time_ms, hint_used, completed_at, started_at, attempt_no, session_id, topic_id"
    for _ in range(rounds):
        server.fresh()
        took = workshop.tidelock(workshop.contents)
        compared = took["compared"]
        table.add(MEMORY, "Tidelock, whole deployment: the most it or a program it started held", took["memory"])
        server.fresh()
        server.psql("bench", "-c", "create view public.v1 as\n" + (EXAMPLE / "attempt.sql").read_text())
        serial = "set max_parallel_workers_per_gather = 0"

        def timed(*statements):
            began = time.perf_counter()
            server.psql("bench", "-Atc", serial, *(w for s in statements for w in ("-c", s)))
            return (time.perf_counter() - began) * 1000

        evaluated = [timed(f"explain (analyze, timing off) select * from public.{view}") for view in ("attempt", "v1")]
        old, new = (f"select {columns} from public.{view}" for view in ("attempt", "v1"))
        one_way, other_way = (f"select count(*) from ({a} except all {b}) as d" for a, b in ((old, new), (new, old)))
        table.add(CONTENTS, SLOWER, max(evaluated))
        table.add(CONTENTS, "Tidelock, digests of both sides at once (in verify)", compared["verify"])
        table.add(CONTENTS, "Tidelock, digests, and what differs matched by key (in baseline)", compared["baseline"])
        table.add(CONTENTS, "EXCEPT ALL both ways", timed(one_way, other_way))


def waiting(server, workshop, table, rounds):
    errors = []
    for _ in range(rounds):
        for program in ("no migration, 8 s", "Tidelock", *workshop.peers):
            server.fresh()
            with Readers(server) as readers:
                began = time.perf_counter()
                if program.startswith("no "):
                    time.sleep(HELD)
                    readers.began = began
                else:
                    took = workshop.migrate(program, readers.migration_begins)
                ended = time.perf_counter()
            errors += [f"{program}: {e}" for e in readers.errors]
            if program == "Tidelock":
                table.add(WAITING, TIDELOCK_WAITING, readers.longest(began, ended))
                migrated = readers.began + took["migrate"] / 1000
                table.add(WAITING, "Tidelock, step migrate", readers.longest(readers.began, migrated))
            else:
                table.add(WAITING, program, readers.longest(readers.began, ended))
    return errors


def capturing(server, workshop, table, rounds):
    """A view with thousands on top of it, in stacks of five."""
    if not rounds:
        return
    server.psql("postgres", "-c", "create database views")
    server.psql("views", "-c", f"""
        create table public.t (a int, b text); create view public.v0 as select a, b from public.t;
        do $$ begin
            for i in 1..{VIEWS - 1} loop
                execute format('create view public.v%s as select a, b from public.v%s', i, case when i % 5 = 1 then 0 else i - 1 end);
                if i % 100 = 0 then execute format('grant select on public.v%s to public; comment on view public.v%s is %L', i, i, i); end if;
            end loop;
        end $$""", "-c", "vacuum analyze")
    for _ in range(rounds):
        captured, compared = server.run(workshop.capture).split()
        table.add(CAPTURING, f"captured: a view with {VIEWS - 1:,} others on it", float(captured))
        table.add(CAPTURING, "two of them compared", float(compared))


def prefer(process, niceness):
    """Linux shares processor time between sessions first (sched_autogroup), so a session is preferred, not only a process."""
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{process}/autogroup").write_text(str(niceness))


def machine():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    niceness = os.nice(0)
    return f"{os.cpu_count()} cores ({model.group(1) if model else 'unknown'})" + (f", nice {niceness}" if niceness else "")


def versions(server):
    alembic = server.run(["alembic", "--version"]).split()[-1]
    sqitch = server.run(["sqitch", "--version"]).split()[-1].lstrip("v")
    tidelock = server.run([TIDELOCK, "--version"]).strip().splitlines()[0]
    props = (ROOT / "Directory.Packages.props").read_text()
    dbup = re.search(r'dbup-postgresql" Version="([^"]+)', props).group(1)
    evolve = re.search(r'"Evolve" Version="([^"]+)', props).group(1)
    fluent = re.search(r'FluentMigrator.Runner.Postgres" Version="([^"]+)', props).group(1)
    postgres = server.psql("postgres", "-Atc", "show server_version").split()[0]
    return (
        f"Tidelock {tidelock}, Alembic {alembic}, sqitch {sqitch}, dbup-postgresql {dbup}, Evolve {evolve}, FluentMigrator {fluent}, PostgreSQL {postgres}"
    )


def commit():
    ran = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return ran.stdout.strip() or "unknown"


def main():
    options = argparse.ArgumentParser(prog="bench/run")
    options.add_argument("--starts", type=int, default=20, help="rounds of starts (default 20)")
    options.add_argument("--rounds", type=int, default=5, help="rounds of deployments (default 5)")
    options.add_argument("--waits", type=int, default=3, help="rounds with readers (default 3)")
    options.add_argument("--contents", type=int, default=5, help="rounds of comparing contents (default 5)")
    options.add_argument("--results", type=int, default=RESULTS, help="exam results, of 10 attempts each (default 20,000)")
    options.add_argument("--captures", type=int, default=5, help="rounds of capturing a closure (default 5)")
    options.add_argument("--nice", type=int, default=0, help="run before other work of the machine: -15 (as root)")
    chosen = options.parse_args()
    if chosen.nice:
        os.nice(chosen.nice)
        with contextlib.suppress(OSError):
            os.setsid()  # an autogroup of our own, where this is no group's leader
            prefer("self", chosen.nice)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    table, load = Table(), [os.getloadavg()[0]]
    with Server() as server:
        if chosen.nice:
            prefer((server.data / "postmaster.pid").read_text().split()[0], chosen.nice)
        attempts = server.fill(chosen.results)
        workshop = Workshop(server)
        said = versions(server)
        if chosen.starts:
            start_up(server, workshop, table, chosen.starts)
        load.append(os.getloadavg()[0])
        active_time(server, workshop, table, chosen.rounds)
        load.append(os.getloadavg()[0])
        contents(server, workshop, table, chosen.contents)
        load.append(os.getloadavg()[0])
        capturing(server, workshop, table, chosen.captures)
        load.append(os.getloadavg()[0])
        errors = waiting(server, workshop, table, chosen.waits)
        load.append(os.getloadavg()[0])
    print(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {commit()}, {machine()}. {said}.")
    print(f"{attempts:,} attempts. Load (1 min) at the start and after each part: {', '.join(f'{x:.1f}' for x in load)}.")
    print(f"Reads that failed: {len(errors)}." + "".join(f"\n- {e}" for e in sorted(set(errors))) + "\n")
    table.print({STARTING: "tidelock status", ACTIVE_TIME: "psql -f up.sql (verifies nothing)", CONTENTS: SLOWER, WAITING: TIDELOCK_WAITING})


if __name__ == "__main__":
    main()
