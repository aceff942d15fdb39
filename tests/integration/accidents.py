"""Runs `python -m automation --local` with an accident: after some changes of resources something is killed.

A test starts it in a copy of the project, as `accidents.py ACCIDENT NUMBER COMMAND...`. Where the driver itself is
killed the command is tried again, each time with NUMBER more changes before the accident, until it ends by itself.
Each try is a fork.
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

import automation.cli
from local.provider.server import Provider

MOST_TRIES: Final = 50


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


def after_changes(countdown: Callable[[], None]) -> None:
    """Count what the provider has changed, before the engine hears of it."""
    for name in ("Create", "Update", "Delete"):
        setattr(Provider, name, _then(getattr(Provider, name), countdown))


def _then(call: Callable[..., Any], countdown: Callable[[], None]) -> Callable[..., Any]:
    def calling(provider: Provider, request: Any, context: Any) -> Any:
        answer = call(provider, request, context)
        if not getattr(request, "preview", False):
            countdown()
        return answer

    return calling


def kill_driver() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_cli() -> None:
    """Kill the Pulumi CLI, which has not written the state yet."""
    for thread in Path("/proc/self/task").iterdir():
        for child in (thread / "children").read_text().split():
            if Path("/proc", child, "exe").resolve().name == "pulumi":
                os.kill(int(child), signal.SIGKILL)
                # Another look would take a moment, in which the driver ends by itself.
                return


def kill_both() -> None:
    """Leave no state, as a loss of power does."""
    kill_cli()
    kill_driver()


def kill_emulator() -> None:
    os.kill(json.loads(Path(".local", "emulator.json").read_text())["pid"], signal.SIGKILL)


def stop_docker() -> None:
    """Close the way that the test has made."""
    os.kill(int(os.environ["DOCKER_PROXY"]), signal.SIGKILL)


def fill_disk(most: int) -> None:
    """Let no file grow beyond so many bytes: what does not fit is refused as on a full disk."""
    # Python takes no notice of a write that was cut short, and would find half of a compiled module the next time.
    sys.dont_write_bytecode = True
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


_ACCIDENTS: Final[dict[str, Callable[[], None]]] = {
    "driver": kill_driver,
    "cli": kill_cli,
    "both": kill_both,
    "emulator": kill_emulator,
    "docker": stop_docker,
}


def attempt(accident: str, number: int, command: list[str]) -> int:
    """Run the command in a process of its own and return its exit code, negative for a signal."""
    pid = os.fork()
    if pid == 0:
        if accident == "disk":
            fill_disk(number)
        else:
            after_changes(Countdown(number, _ACCIDENTS[accident]))
        automation.cli.main(["--local", *command])
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def run(accident: str, number: int, command: list[str]) -> int:
    """Try again whatever was killed, and say how often that was."""
    for tries in range(MOST_TRIES):
        sys.stdout.flush()
        # Nothing of what a killed run has done may be in the state, so that the next one counts it again.
        code = attempt(accident, number if accident == "disk" else number * (tries + 1), command)
        if code != -signal.SIGKILL:
            print(f"\nkilled {tries} times")
            return code
    print(f"\nkilled {MOST_TRIES} times and not done")
    return 1


if __name__ == "__main__":
    sys.exit(run(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
