"""Measures: `python -m bench [--rounds N]`, or `make bench`; writes `bench/results.json` and the table."""

from __future__ import annotations

import argparse
import http.client
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench import machine, report
from bench.contenders import ROOT, ZONE, Cdk, Command, Contender, Ours, npm_has_installed, running_containers
from bench.measure import Cost, run
from bench.results import FIGURES, PLANNED, Record
from local.docker_daemon import DockerDaemon
from local.ports import LOOPBACK

_Enough = Callable[[list[bool]], bool]

_KEEPER = "keeper"
"""A stack that stays, so that taking the measured one away leaves the emulator running."""


class Bench:
    """One run: all figures, once in each round, the contenders taking turns."""

    def __init__(self, folder: Path, *, with_cdk: bool) -> None:
        self.record = Record()
        self._folder = folder
        self._ours = Ours.in_folder(folder / "ours")
        self._with_cdk = with_cdk
        self._cdk: Cdk | None = None

    def round(self, number: int) -> None:
        """Measure everything once."""
        self._fresh(number)
        for what, act in (("again", self._again), ("scale", self._scale), ("down", self._down)):
            for contender in self._contenders:
                act(what, contender)
        for what, services, enough in (("warm", 1, any), ("ten", 10, all)):
            for contender in self._contenders:
                self._up(what, contender, services, enough)
                self._do(contender.down())
        for services in PLANNED:
            for contender in self._contenders:
                cost = self._do(contender.plan(services))
                self._note(f"plan-{services}", contender, cost.seconds, cost)
            self._do(self._ours.program(services))
            alone = (self._ours.folder / "bench.log").read_text().split()[-1]
            self.record.add_program(f"plan-{services}", float(alone))
        self.clear()

    def clear(self) -> None:
        """Take everything away again."""
        self._do(self._ours.make("down"))

    @property
    def _contenders(self) -> list[Contender]:
        return [self._ours, *([self._cdk] if self._cdk else [])]

    def _fresh(self, number: int) -> None:
        self._cdk = None
        self._up("fresh", self._ours, 1, any)
        self._ours.stack(_KEEPER, 1)
        self._do(self._ours.make("up", _KEEPER))
        if not self._with_cdk:
            return
        cdk = self._cdk = Cdk.in_folder(
            self._folder / f"cdk-{number}",
            self._ours,
            image=self._ours.output(_KEEPER, "image"),
            zone_id=self._ours.output(_KEEPER, "zone_id"),
        )
        bootstrap = self._do(cdk.bootstrap())
        cost = self._answered(cdk, 1, any)
        self._note("fresh", cdk, bootstrap.seconds + cost.happened_after, bootstrap, cost)

    def _up(self, what: str, contender: Contender, services: int, enough: _Enough) -> None:
        cost = self._answered(contender, services, enough)
        self._note(what, contender, cost.happened_after, cost)

    def _answered(self, contender: Contender, services: int, enough: _Enough) -> Cost:
        hosts = contender.hosts(services)
        silent = set(hosts)

        def answered() -> bool:
            silent.difference_update([host for host in sorted(silent) if self._answers(host)])
            return enough([host not in silent for host in hosts])

        return self._do(contender.up(services), answered)

    def _again(self, what: str, contender: Contender) -> None:
        cost = self._do(contender.up(1))
        self._note(what, contender, cost.seconds, cost)

    def _scale(self, what: str, contender: Contender) -> None:
        wanted = running_containers(self._ours.emulator) + 1
        cost = self._do(
            contender.up(1, desired_count=2), lambda: running_containers(self._ours.emulator) == wanted
        )
        self._note(what, contender, max(cost.seconds, cost.happened_after), cost)

    def _down(self, what: str, contender: Contender) -> None:
        wanted = running_containers(self._ours.emulator) - 2
        cost = self._do(contender.down(), lambda: running_containers(self._ours.emulator) == wanted)
        self._note(what, contender, max(cost.seconds, cost.happened_after), cost)

    def _answers(self, host: str) -> bool:
        port = self._ours.front_door_port
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": f"{host}.localhost:{port}"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _do(self, command: Command, until: Callable[[], bool] | None = None) -> Cost:
        return run(command.words, folder=command.folder, environment=command.environment, until=until)

    def _note(self, what: str, contender: Contender, seconds: float, *costs: Cost) -> None:
        self.record.add(what, contender.name, seconds, *costs)
        peak = max(cost.peak_mb for cost in costs)
        print(f"{FIGURES[what]:<32}{contender.name:<10}{seconds:7.2f} s{peak:7.0f} MB", flush=True)


def main() -> None:
    """Measure, and write down what came of it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often to measure all (default: 3)")
    chosen = parser.parse_args()
    with_cdk = npm_has_installed()
    if not with_cdk:
        print("npm is not here or has not installed bench/cdk: without AWS CDK beside it.")
    results = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "rounds": chosen.rounds,
        "machine": machine.facts(),
        "versions": machine.versions(ROOT, ROOT / "bench" / "cdk" if with_cdk else None),
    }
    # Or a round would end with the daemon that `make bench` has started, and the next begin with starting it.
    with DockerDaemon().kept_running(), tempfile.TemporaryDirectory(prefix="node-on-ecs-bench-") as folder:
        bench = Bench(Path(folder), with_cdk=with_cdk)
        try:
            for number in range(chosen.rounds):
                print(f"Round {number + 1} of {chosen.rounds}, zone {ZONE}")
                bench.round(number)
        finally:
            bench.clear()
    results["figures"] = bench.record.document()
    report.RESULTS.write_text(f"{json.dumps(results, indent=2, ensure_ascii=False)}\n", "utf-8")
    report.main()
    print(f"Written: {report.RESULTS.relative_to(ROOT)}, {report.DOCUMENT.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
