"""The measurements, in their order; the contenders take turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.http_status import http_status
from bench.contenders import Cdk, Contender, LocalRun, copies, install_cdk
from bench.measure import Command, Cost, run

_SHARED: Final = "shared"
"""A stack without tasks, which keeps the emulator running when the measured stack is deleted.

The CDK uses its image and zone."""
_OK: Final = 200


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The numbers of services."""

    many: int = 10
    planned: tuple[int, ...] = (1, 10, 50, 100)
    """A load balancer can have 100."""
    repeated: bool = True
    """Whether commands of another measurement are measured, too: a warm `up` of one service, and the CDK's
    `deploy` without changes and of many services, and its `synth`, which `diff` runs, too."""
    validated: bool = True
    """Whether the CDK validates its templates, which is most of the CPU time of a `synth`."""


SMALLEST: Final = Sizes(many=2, planned=(1,), repeated=False, validated=False)


class Bench:
    """Measures rounds of everything."""

    def __init__(self, folder: Path, sizes: Sizes, say: Callable[[str], None]) -> None:
        self.figures: dict[str, dict[str, list[dict[str, float]]]] = {}
        """The cost of each round, by measurement and contender."""
        self._folder = folder
        self._sizes = sizes
        self._say = say
        self._local = LocalRun.in_folder(folder / "local")
        self.has_cdk = install_cdk(folder / "cdk")
        self._rounds = 0

    def round(self) -> None:
        """Measure everything once, starting without an emulator."""
        self._rounds += 1
        try:
            cdk = self._first()
            contenders: list[Contender] = [self._local, *([cdk] if cdk else [])]
            repeating = contenders if self._sizes.repeated else [self._local]
            for contender in repeating:
                cost = run(contender.up())
                self._note("unchanged", contender, cost.seconds, cost)
            for contender in contenders:
                self._measure_until_tasks("scale", contender, contender.up(desired_count=2), 2)
            for contender in contenders:
                self._measure_until_tasks("destroy", contender, contender.down(), 0)
            for services in self._sizes.planned:
                self._measure_planning(services, cdk)
            for contender in contenders if self._sizes.repeated else []:
                self._measure_until_answered("warm", contender)
                run(contender.down())
            # Last: these stacks are deleted with the emulator.
            for contender in repeating:
                self._measure_until_answered("many", contender, self._sizes.many)
        finally:
            run(self._local.command("down"))

    def _first(self) -> Cdk | None:
        self._measure_until_answered("first", self._local)
        self._local.write(_SHARED, desired_count=0)
        run(self._local.command("up", _SHARED))
        if not self.has_cdk:
            return None
        cdk = Cdk.in_folder(
            self._folder / f"cdk-{self._rounds}",
            self._folder / "cdk",
            self._local,
            shared=_SHARED,
            validated=self._sizes.validated,
        )
        bootstrap = run(cdk.bootstrap())
        cost = self._until_answered(cdk)
        self._note("first", cdk, bootstrap.seconds + cost.effect_seconds, bootstrap, cost)
        return cdk

    def _measure_until_answered(self, measurement: str, contender: Contender, services: int = 1) -> None:
        cost = self._until_answered(contender, services)
        self._note(measurement, contender, cost.effect_seconds, cost)

    def _measure_until_tasks(
        self, measurement: str, contender: Contender, command: Command, tasks: int
    ) -> None:
        cost = run(command, lambda: self._local.running_tasks(contender.stack) == tasks)
        self._note(measurement, contender, max(cost.seconds, cost.effect_seconds), cost)

    def _measure_planning(self, services: int, cdk: Cdk | None) -> None:
        local = run(self._local.plan(services))
        for name in ("synth", "diff"):
            self._note(f"{name}-{services}", self._local, local.seconds, local)
        if cdk is not None:
            commands = {"synth": cdk.plan(services)} if self._sizes.repeated else {}
            for name, command in {**commands, "diff": cdk.diff(services)}.items():
                cost = run(command)
                self._note(f"{name}-{services}", cdk, cost.seconds, cost)

    def _until_answered(self, contender: Contender, services: int = 1) -> Cost:
        port = self._local.front_door_port
        hosts = [contender.domain, *(f"{name}.{contender.domain}" for name in copies(services))]
        unanswered = {f"http://{host}.localhost:{port}/" for host in hosts}

        def all_answer() -> bool:
            unanswered.difference_update([url for url in unanswered if http_status(url) == _OK])
            return not unanswered

        return run(contender.up(services), all_answer)

    def _note(self, measurement: str, contender: Contender, seconds: float, *costs: Cost) -> None:
        peak = max(cost.peak_mb for cost in costs)
        rounds = self.figures.setdefault(measurement, {}).setdefault(contender.name, [])
        rounds.append({"seconds": round(seconds, 3), "peak_mb": round(peak, 1)})
        self._say(f"{measurement:<12}{contender.name:<12}{seconds:7.2f} s{peak:7.0f} MB")

    def document(self) -> dict[str, Any]:
        """Return the results."""
        return {
            "rounds": self._rounds,
            "many": self._sizes.many,
            "planned": list(self._sizes.planned),
            "figures": self.figures,
        }
