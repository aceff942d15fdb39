"""Starts, identifies and stops processes that outlive the command that starts them."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.errors import LocalError

POLL_SECONDS: Final = 0.02
FIRST_INHERITED: Final = 3
"""The first descriptor that a started process inherits."""

_ABOVE_INHERITED: Final = 64
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HOSTNAME")


class ProcessError(LocalError):
    """A process does not start, or cannot be stopped; the message says why."""


@dataclass(frozen=True)
class ProcessIdentity:
    """A process; its start time distinguishes it from later ones with the same id."""

    pid: int
    started: str
    """The result of `start_time`."""

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """Return the identity of the process that has `pid` now; None if there is none."""
        started = start_time(pid)
        return None if started is None else cls(pid, started)

    @classmethod
    def from_record(cls, record: Any) -> ProcessIdentity:
        """Return the identity in a JSON record, which `dataclasses.asdict` makes of one.

        Raises:
            KeyError, TypeError, ValueError: the record has none.
        """
        return cls(int(record["pid"]), str(record["started"]))

    @property
    def alive(self) -> bool:
        """Whether this process is running."""
        return start_time(self.pid) == self.started

    def signal(self, number: signal.Signals) -> bool:
        """Send a signal to this process and to no other; return whether it was still running.

        Raises:
            ProcessError: it belongs to another user.
        """
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return False
        try:
            # The descriptor always means the same process. If that has the right start time, no other process
            # gets the signal, even if it exits now and its id is reused.
            alive = self.alive
            if alive:
                signal.pidfd_send_signal(descriptor, number)
        except ProcessLookupError:
            return False
        except PermissionError as error:
            raise ProcessError(
                f"process {self.pid} belongs to another user: run `sudo kill {self.pid}`"
            ) from error
        finally:
            os.close(descriptor)
        return alive

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` until it has exited; return whether it has."""
        deadline = time.monotonic() + seconds
        while self.alive:
            if time.monotonic() >= deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def stop(self, *, seconds: float) -> None:
        """Stop it by SIGTERM, and by SIGKILL if that takes longer than `seconds`.

        Raises:
            ProcessError: it belongs to another user.
        """
        if self.signal(signal.SIGTERM) and not self.wait(seconds):
            self.signal(signal.SIGKILL)
            self.wait(5)


def spawn(
    command: Sequence[str], *, log: Path, environment: Mapping[str, str], inherit: Sequence[int] = ()
) -> ProcessIdentity:
    """Start a command in its own session, which Ctrl-C and the end of the terminal do not reach.

    Args:
        command: program, found on PATH, and arguments.
        log: file for its output, which is overwritten.
        environment: all its variables.
        inherit: descriptors that it inherits, as descriptor 3 and up.

    Raises:
        ProcessError: there is no such program, or its log cannot be written.
    """
    # Copies above all targets: otherwise the first target could be the second source.
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _ABOVE_INHERITED) for descriptor in inherit]
    try:
        pid = os.posix_spawnp(
            command[0],
            [*command],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
                *(
                    (os.POSIX_SPAWN_DUP2, copy, FIRST_INHERITED + number)
                    for number, copy in enumerate(copies)
                ),
            ],
            setsid=True,
        )
    except OSError as error:
        raise ProcessError(f"cannot start {command[0]} with log {log}: {error.strerror}") from error
    finally:
        for copy in copies:
            os.close(copy)
    # An exited process keeps its id until its parent waits for it.
    return ProcessIdentity(pid, start_time(pid) or "")


def user_environment() -> dict[str, str]:
    """Return the user's variables for a started process: those of Docker, none of AWS."""
    return {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("DOCKER_")
    }


def start_time(pid: int) -> str | None:
    """Return the boot's id and the clock ticks until `pid` started; None if no such process is running."""
    try:
        # The command's name, in brackets, may contain spaces: the fields after it are counted.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{boot} {fields[19]}"


def log_end(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log; `(nothing)` if it is empty or cannot be read."""
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:]) or "(nothing)"
    except OSError:
        return "(nothing)"
