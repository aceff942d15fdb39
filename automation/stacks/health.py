"""`check`: every address of a stack answers, as its users would see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from automation.errors import AutomationError
from infra.rollout.clock import REAL, Clock

if TYPE_CHECKING:
    from automation.operations.status import ServiceStatus

_OK: Final = 200
_PAUSE_SECONDS: Final = 2.0


def wait_until_answered(
    addresses: Mapping[str, str],
    ask: Callable[[str], int | None],
    *,
    seconds: float,
    say: Callable[[str], None],
    clock: Clock = REAL,
) -> None:
    """Ask every address until it answers 200.

    Args:
        addresses: by service.
        ask: returns the status that an address answers with, None for no answer.
        seconds: how long to go on.
        say: told of each that answers.
        clock: what passes the time between two questions.

    Raises:
        AutomationError: some do not; the message names each, and what came instead.
    """
    deadline = clock.now() + seconds
    left = dict(sorted(addresses.items()))
    while True:
        came = {name: ask(url) for name, url in left.items()}
        for name, status in came.items():
            if status == _OK:
                say(f"{name} answers at {left.pop(name)}")
        if not left:
            return
        if clock.now() >= deadline:
            told = "; ".join(
                f"{name} at {url} with {came[name] or 'nothing at all'}" for name, url in left.items()
            )
            raise AutomationError(f"after {seconds:g} seconds these do not answer with 200: {told}")
        clock.block(_PAUSE_SECONDS)


def awake(statuses: list[ServiceStatus]) -> list[str]:
    """Return the services that are to have tasks: nobody answers for one that sleeps."""
    return [one.name for one in statuses if one.desired]
