"""The gate after: an update is done when every service runs what it should, and fails when one does not."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pulumi

from infra.rollout.follow import follow_all
from infra.rollout.look import Target

if TYPE_CHECKING:
    from infra.rollout.clients import Clients


@dataclass(frozen=True, kw_only=True)
class Followed:
    """A service to follow, as far as it is known before it is made; see :class:`Target`."""

    name: str
    cluster: pulumi.Input[str]
    service: pulumi.Input[str]
    task_definition: pulumi.Input[str]
    log_group: pulumi.Input[str]
    seconds: float
    alarms: pulumi.Input[Sequence[str]] = ()
    scheduled: bool = False


class RolloutError(pulumi.RunError):
    """A service does not run what it should; the CLI prints a `RunError` without a traceback."""


def hold_until_out(services: Sequence[Followed], clients: Clients) -> pulumi.Output[None]:
    """Return an output that is there when all services run what they should; previews do not wait.

    It is asked on every update, whether or not that changed a service: one that failed at its first
    deployment has nothing to change the next time, and would pass for unchanged.
    """
    if pulumi.runtime.is_dry_run():
        return pulumi.Output.from_input(None)

    async def hold(known: Sequence[Mapping[str, Any]]) -> None:
        with _ctrl_c_cancels():
            failures = await follow_all(clients, [Target(**one) for one in known], _say, _warn)
        if failures:
            raise RolloutError(_message(failures, len(known)))

    return pulumi.Output.from_input([_as_input(service) for service in services]).apply(hold)


def _as_input(service: Followed) -> dict[str, Any]:
    return {field.name: getattr(service, field.name) for field in fields(service)}


def _say(name: str, progress: str) -> None:
    # Seen while it goes on, and not again in the summary.
    pulumi.log.info(f"{name}: {progress}", ephemeral=True)


def _warn(name: str, warning: str) -> None:
    pulumi.log.warn(f"{name}: {warning}")


@contextmanager
def _ctrl_c_cancels() -> Generator[None]:
    """Let Ctrl-C cancel this task, unless the runner sees to that, so that deployments are told to go back.

    With the Pulumi CLI, Python's own handler would end the program where it stands. The CLI hands the signal
    on twice, and ends the program five seconds later: enough to tell ECS, not to wait for it.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler and sys.platform != "win32"

    def cancel() -> None:
        if task is not None and not task.cancelling():
            task.cancel()

    if ours:
        loop.add_signal_handler(signal.SIGINT, cancel)
    try:
        yield
    finally:
        if ours:
            loop.remove_signal_handler(signal.SIGINT)


def _message(failures: Mapping[str, Sequence[str]], count: int) -> str:
    who = "The service does" if count == 1 else f"{len(failures)} of {count} services do"
    stories = "\n".join(
        f"\n{name}: {reason}" + "".join(f"\n  {line}" for line in lines)
        for name, (reason, *lines) in failures.items()
    )
    return f"{who} not run what this update asked for.\n{stories}\n"
