"""What is measured, in the order in which it happens; the contenders take turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.http_status import http_status
from bench.contenders import Cdk, Contender, Ours, copies, install_cdk
from bench.measure import Command, Cost, run

_SHARED: Final = "shared"
"""A stack without tasks: it keeps the emulator running when the measured one is deleted.

The CDK uses its image and its zone."""
_OK: Final = 200


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How many services the stacks have."""

    many: int = 10
    planned: tuple[int, ...] = (1, 10, 50, 100)
    """A load balancer carries 100."""
    again: bool = True
    """Whether what takes the steps of another figure is measured too: one service that is brought up warm as
    many are, and the CDK's `deploy` of no change and of many."""


SMALLEST: Final = Sizes(many=2, planned=(1,), again=False)


class Bench:
    """Measures rounds, each of them everything once."""

    def __init__(self, folder: Path, sizes: Sizes, say: Callable[[str], None]) -> None:
        self.figures: dict[str, dict[str, list[dict[str, float]]]] = {}
        """What each contender took, round by round, by what was measured."""
        self._folder = folder
        self._sizes = sizes
        self._say = say
        self._ours = Ours.in_folder(folder / "ours")
        self.has_cdk = install_cdk(folder / "cdk")
        self._rounds = 0

    def round(self) -> None:
        """Measure everything once, from a machine on which no emulator runs."""
        self._rounds += 1
        try:
            cdk = self._first()
            contenders: list[Contender] = [self._ours, *([cdk] if cdk else [])]
            all_again = contenders if self._sizes.again else [self._ours]
            for measure, measured in (
                (self._unchanged, all_again),
                (self._scale, contenders),
                (self._destroy, contenders),
            ):
                for contender in measured:
                    measure(contender)
            for services in self._sizes.planned:
                self._plan(services, cdk)
            for contender in contenders if self._sizes.again else []:
                self._warm(contender)
            # At the end: they go with the emulator.
            for contender in all_again:
                self._many(contender)
        finally:
            run(self._ours.command("down"))

    def _first(self) -> Cdk | None:
        cost = self._until_answered(self._ours)
        self._note("first", self._ours.name, cost.effect_seconds, cost)
        self._ours.write(_SHARED, desired_count=0)
        run(self._ours.command("up", _SHARED))
        if not self.has_cdk:
            return None
        cdk = Cdk.in_folder(
            self._folder / f"cdk-{self._rounds}", self._folder / "cdk", self._ours, shared=_SHARED
        )
        bootstrap = run(cdk.bootstrap())
        cost = self._until_answered(cdk)
        self._note("first", cdk.name, bootstrap.seconds + cost.effect_seconds, bootstrap, cost)
        return cdk

    def _unchanged(self, contender: Contender) -> None:
        cost = run(contender.up())
        self._note("unchanged", contender.name, cost.seconds, cost)

    def _scale(self, contender: Contender) -> None:
        self._until_tasks("scale", contender, contender.up(desired_count=2), 2)

    def _destroy(self, contender: Contender) -> None:
        self._until_tasks("destroy", contender, contender.down(), 0)

    def _until_tasks(self, what: str, contender: Contender, command: Command, wanted: int) -> None:
        cost = run(command, lambda: self._ours.running_tasks(contender.stack) == wanted)
        self._note(what, contender.name, max(cost.seconds, cost.effect_seconds), cost)

    def _warm(self, contender: Contender) -> None:
        cost = self._until_answered(contender)
        self._note("warm", contender.name, cost.effect_seconds, cost)
        run(contender.down())

    def _many(self, contender: Contender) -> None:
        cost = self._until_answered(contender, self._sizes.many)
        self._note("many", contender.name, cost.effect_seconds, cost)

    def _plan(self, services: int, cdk: Cdk | None) -> None:
        ours = run(self._ours.plan(services))
        for what in (f"synth-{services}", f"diff-{services}"):
            self._note(what, self._ours.name, ours.seconds, ours)
        if cdk is not None:
            for what, command in (("synth", cdk.plan(services)), ("diff", cdk.diff(services))):
                cost = run(command)
                self._note(f"{what}-{services}", cdk.name, cost.seconds, cost)

    def _until_answered(self, contender: Contender, services: int = 1) -> Cost:
        port = self._ours.front_door_port
        hosts = [contender.domain, *(f"{name}.{contender.domain}" for name in copies(services))]
        silent = {f"http://{host}.localhost:{port}/" for host in hosts}

        def all_answer() -> bool:
            silent.difference_update([url for url in silent if http_status(url) == _OK])
            return not silent

        return run(contender.up(services), all_answer)

    def _note(self, what: str, contender: str, seconds: float, *costs: Cost) -> None:
        peak = max(cost.peak_mb for cost in costs)
        measured = {"seconds": round(seconds, 3), "peak_mb": round(peak, 1)}
        self.figures.setdefault(what, {}).setdefault(contender, []).append(measured)
        self._say(f"{what:<12}{contender:<12}{seconds:7.2f} s{peak:7.0f} MB")

    def document(self) -> dict[str, Any]:
        """Return the figures and sizes, as the results' file holds them."""
        return {
            "rounds": self._rounds,
            "many": self._sizes.many,
            "planned": list(self._sizes.planned),
            "figures": self.figures,
        }
