"""Runs `python -m local` with an accident: after every few finished operations something is killed.

Not part of the local run: a test starts it in a copy of the project, as
`python -P cut_short.py ACCIDENT EVERY COMMAND...`. Each attempt is a fork of one process that has loaded
everything, so that many attempts take little longer than one.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from local import session
from local.__main__ import main
from local.display import Display
from local.engine.events import Event
from local.engines import ENGINE_VARIABLE, IN_PROCESS
from local.resources.registry import HANDLERS

MOST_ATTEMPTS: Final = 100


class Countdown:
    """Does something once, at the end."""

    def __init__(self, count: int, happen: Callable[[], None]) -> None:
        self._left = count
        self._happen = happen
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._happen()


def after_finished_operations(countdown: Callable[[], None]) -> None:
    """Count what the engine tells as done."""
    listen = Display.listen

    def counting(display: Display, event: Event) -> None:
        listen(display, event)
        done = event.phase == "done" and not event.component
        if done and event.operation in {"create", "update", "replace", "delete"}:
            countdown()

    Display.listen = counting  # type: ignore[method-assign]


def after_calls_that_nobody_recorded(countdown: Callable[[], None]) -> None:
    """Count what handlers have made or deleted, before the state can know of it."""
    for handler in HANDLERS.values():
        for name in ("create", "delete"):
            setattr(handler, name, _then(getattr(handler, name), countdown))


def _then(call: Callable[..., Any], countdown: Callable[[], None]) -> Callable[..., Any]:
    def calling(*arguments: Any, **named: Any) -> Any:
        result = call(*arguments, **named)
        countdown()
        return result

    return calling


def kill_runner() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_emulator() -> None:
    os.kill(json.loads(Path(".local", "emulator.json").read_text())["pid"], signal.SIGKILL)


def stop_docker() -> None:
    """Close the way that the test has made."""
    os.kill(int(os.environ["DOCKER_PROXY"]), signal.SIGKILL)


def attempt(accident: str, every: int, command: list[str]) -> int:
    """Run the command in a process of its own and return its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        match accident:
            case "runner":
                after_finished_operations(Countdown(every, kill_runner))
            case "unrecorded":
                after_calls_that_nobody_recorded(Countdown(every, kill_runner))
            case "emulator":
                after_finished_operations(Countdown(every, kill_emulator))
            case "docker":
                after_finished_operations(Countdown(every, stop_docker))
            case "disk":
                # No file may grow beyond that many bytes: what does not fit is refused as on a full disk.
                resource.setrlimit(resource.RLIMIT_FSIZE, (every, every))
        code = main(command)
        sys.stdout.flush()
        os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(accident: str, every: int, command: list[str]) -> int:
    """Start again whatever was killed, and tell how often that was."""
    # The accidents are put into this process, so the program has to run in it too.
    os.environ[ENGINE_VARIABLE] = IN_PROCESS
    session._import_pulumi()
    for attempts in range(MOST_ATTEMPTS):
        sys.stdout.flush()
        code = attempt(accident, every, command)
        if code != -signal.SIGKILL:
            print(f"\nkilled {attempts} times")
            return code
    print(f"\nkilled {MOST_ATTEMPTS} times and not done")
    return 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
