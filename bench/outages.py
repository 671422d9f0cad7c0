"""Measures how long a real outage takes from the fault to the decision and to the committed rollback, at the full length of the seed's rules.

Called by bench/outages. Each scenario has a database, a seedtest-api under load, a Prometheus and a deployment of its own, all at the
same time on one server; the fault is made one minute into the watch.
"""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import bench

ROOT = bench.ROOT
API = ROOT / "artifacts" / "bench" / "seedtest-api" / "seedtest-api.dll"
FAULT_AFTER = 60.0
TICK = 5.0


def free_ports(count):
    """So many different ports: all are held before any is given back."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


PLACES = []


class Place:
    """What one scenario deploys into, and breaks."""

    def __init__(self, server, number, ports):
        self.server, self.number = server, number
        self.database = f"outage{number}"
        self.folder = server.folder / self.database
        self.folder.mkdir()
        self.api_port, self.prometheus_port = ports
        self.children = {}

    def __enter__(self):
        self.start_api()
        self.start_prometheus()
        deadline = time.monotonic() + 60
        while True:
            try:
                self.tell_api("healthz")
                return self
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def __exit__(self, *_):
        for name in list(self.children):
            self.stop(name)

    def start_api(self):
        address = f"Host={self.server.folder};Port=5432;Username=postgres;Database={self.database}"
        words = ["dotnet", API, "--urls", f"http://127.0.0.1:{self.api_port}", "--self-load", "20/s"]
        self._start("api", words, {"DATABASE_URL": address})

    def start_prometheus(self):
        target = f"127.0.0.1:{self.api_port}"
        (self.folder / "prometheus.yml").write_text(
            "global: { scrape_interval: 5s, scrape_timeout: 4s }\n"
            f"scrape_configs: [{{ job_name: api, static_configs: [{{ targets: ['{target}'] }}] }}]\n"
        )
        self._start("prometheus", [
            "prometheus", f"--config.file={self.folder / 'prometheus.yml'}", f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.prometheus_port}", "--log.level=error",
        ])

    def stop(self, name):
        if child := self.children.pop(name, None):
            child.kill()
            child.wait()

    def tell_api(self, what):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}/{what}", timeout=10) as answer:
            answer.read()

    def deploy(self, change, lasts, when_watching):
        """Runs a deployment whole; its events, with the time at which each was seen."""
        environment = {
            **self.server.environment,
            "TIDELOCK_JOURNAL": str(self.folder / "journal.db"),
            "BENCH_URL": f"postgresql://postgres@/{self.database}?host={self.server.folder}&port=5432",
            "PROMETHEUS_URL": f"http://127.0.0.1:{self.prometheus_port}",
        }
        folder = self.folder / "change"
        shutil.copytree(change, folder)
        text = (folder / "change.yaml").read_text().replace("BENCH_WATCH", f"{lasts:.0f}s")
        (folder / "change.yaml").write_text(text)
        words = [bench.TIDELOCK, "deploy", folder, "--env", "bench", "--confirm", self.database, "--json"]
        events, said, watching = [], [], None
        with subprocess.Popen(
            [str(w) for w in words], env=environment, cwd=self.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        ) as deployed:
            self.children["deploy"] = deployed
            for line in deployed.stdout:
                said.append(line)
                if not line.startswith("{"):
                    continue
                event = json.loads(line)
                events.append((time.time(), event))
                if event.get("kind") == "StepStarted" and event["step"] == "watch":
                    watching = threading.Thread(target=when_watching, daemon=True)
                    watching.start()
            deployed.wait()
        self.children.pop("deploy", None)
        if watching is None:
            raise RuntimeError(f"{self.database} was never watched; deploy ended with {deployed.returncode}:\n{''.join(said)[-3000:]}")
        return deployed.returncode, events

    def _start(self, name, words, more=None):
        log = (self.folder / f"{name}.log").open("ab")
        self.children[name] = subprocess.Popen(
            [str(w) for w in words], env={**self.server.environment, **(more or {})}, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )


class Scenario:
    """A fault, what must follow, and within what time."""

    def __init__(self, name, fault, lasts, within=None, holds=False):
        self.name, self.fault, self.lasts, self.within, self.holds = name, fault, lasts, within, holds
        self.faulted = self.unbroken = None
        self.row = None

    def run(self, server, number, ports, change):
        def break_it():
            time.sleep(FAULT_AFTER)
            self.faulted = time.time()
            try:
                self.fault(place)
            except OSError as error:
                self.unbroken = error

        with Place(server, number, ports) as place:
            PLACES.append(place)
            code, events = place.deploy(change, self.lasts, break_it)
        if self.faulted is None:
            findings = [json.dumps(e) for _, e in events if e.get("kind") in ("RunHeld", "RollbackStarted", "StepEnded", "RunEnded")]
            raise RuntimeError(f"ended with {code} before the fault was made:\n" + "\n".join(findings[-8:]))
        if self.unbroken:
            raise RuntimeError(f"the fault could not be made: {self.unbroken}")
        back = [at for at, e in events if e.get("kind") == "RollbackStarted"]
        reverted = [at for at, e in events if e.get("kind") == "StepEnded" and e["step"] == "rollback.revert"]
        held = [at for at, e in events if e.get("kind") == "RunHeld"]
        continued = [at for at, e in events if e.get("kind") == "RunContinued"]
        decided = back[0] - self.faulted if back else None
        committed = reverted[0] - self.faulted if reverted else None
        if self.within is not None:
            good = committed is not None and 0 < committed <= self.within and code == 1
        else:
            good = not back and code == 0 and (bool(held) and bool(continued)) == self.holds
        expected = f"taken back within {self.within:.0f} s" if self.within else "held, then on by itself" if self.holds else "nothing"
        happened = ", ".join(filter(None, (
            f"held after {held[0] - self.faulted:.0f} s" if held else "",
            f"on after {continued[0] - self.faulted:.0f} s" if continued else "",
            "taken back" if back else "completed" if code == 0 else f"exit code {code}",
        )))
        self.row = (self.name, expected, happened, seconds(decided), seconds(committed), "yes" if good else "NO")
        return good


def seconds(value):
    return "" if value is None else f"{value:.1f}"


def restart_api(place):
    place.stop("api")
    time.sleep(3)
    place.start_api()


def blind(place):
    place.stop("prometheus")
    time.sleep(180)
    place.start_prometheus()


SCENARIOS = (
    Scenario("every request fails", lambda p: p.tell_api("fail?rate=1"), 900, within=75),
    Scenario("3 % of requests fail (bound 1 % for 5 min)", lambda p: p.tell_api("fail?rate=0.03"), 900, within=300 + TICK + 60),
    Scenario("p95 more than doubled (for 10 min)", lambda p: p.tell_api("slow?ms=250"), 1200, within=600 + TICK + 60),
    Scenario("Prometheus stopped for 3 min", blind, 720, holds=True),
    Scenario("seedtest-api restarted, 3 s away", restart_api, 720),
    Scenario("no fault", lambda p: None, 720),
)


def main():
    options = argparse.ArgumentParser(prog="bench/outages")
    options.add_argument("--only", type=int, nargs="*", help="numbers of scenarios, from 1 on (default all)")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    picked = [s for n, s in enumerate(SCENARIOS, 1) if not chosen.only or n in chosen.only]
    failures = []
    with bench.Server() as server:
        server.fill(bench.RESULTS)
        change = server.folder / "outage-change"
        shutil.copytree(bench.EXAMPLE, change, ignore=shutil.ignore_patterns("bin", "obj", "bad", "seedtest-api"))
        (change / "change.yaml").write_text(bench.merged(bench.EXAMPLE / "change.yaml", bench.BENCH / "outages.yaml"))
        threads, ports = [], free_ports(2 * len(picked))
        for number, scenario in enumerate(picked):
            server.psql("postgres", "-c", f"create database outage{number} template filled")

            def run(scenario=scenario, number=number):
                try:
                    if not scenario.run(server, number, ports[2 * number : 2 * number + 2], change):
                        failures.append(scenario.name)
                except Exception as error:  # A scenario that cannot be run is told, and the others go on.
                    failures.append(f"{scenario.name}: {error}")

            threads.append(threading.Thread(target=run, daemon=True))
            threads[-1].start()
            time.sleep(10)  # so that the measuring before the change does not fall on one moment
        try:
            for thread in threads:
                thread.join()
        finally:
            for place in PLACES:
                place.__exit__()
    print(f"{time.strftime('%Y-%m-%d %H:%M', time.gmtime())} UTC, commit {bench.commit()}, {bench.machine()}, load {os.getloadavg()[0]:.1f}.\n")
    print("| fault, one minute into the watch | asked | what happened | fault → decision, s | fault → taken back and committed, s | as asked |")
    print("|---|---|---|--:|--:|---|")
    for scenario in picked:
        if scenario.row:
            print(f"| {' | '.join(scenario.row)} |")
    for failure in failures:
        print(f"\nNot as asked: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
