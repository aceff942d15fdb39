"""Processes that outlive the command that started them: how they are started, found again and stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

POLL_SECONDS: Final = 0.02

_PASSED_ON: Final = ("PATH", "HOME", "LANG", "LC_ALL", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "HOSTNAME")


class ProcessError(Exception):
    """A process did not start; the message has the end of its log."""


def user_environment() -> dict[str, str]:
    """Return what a detached process may see of the user's environment: Docker's, nothing of AWS."""
    return {
        name: value for name, value in os.environ.items() if name in _PASSED_ON or name.startswith("DOCKER_")
    }


@dataclass(frozen=True, kw_only=True)
class DetachedProcess:
    """A process in a session of its own, with a record file by which a later command finds it.

    The record holds the process's start time, so that a pid which another process got is never taken for it.
    """

    record: Path
    pid: int
    started: str
    facts: Mapping[str, Any]
    """What the starter wants to know again: a port, an identity."""

    @classmethod
    def start(
        cls,
        arguments: Sequence[str],
        *,
        record: Path,
        log: Path,
        environment: Mapping[str, str],
        facts: Mapping[str, Any],
    ) -> DetachedProcess:
        """Start this Python with `arguments`; its output goes to the end of `log`."""
        record.parent.mkdir(parents=True, exist_ok=True)
        output = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-P", *arguments],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(log), output, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            # Ctrl-C in the terminal, or the end of its session, must not reach it.
            setsid=True,
        )
        process = cls(record=record, pid=pid, started=start_time(pid) or "", facts=dict(facts))
        draft = record.with_suffix(".new")
        content = {"pid": pid, "started": process.started, "facts": process.facts}
        draft.write_text(json.dumps(content), "utf-8")
        draft.replace(record)
        return process

    @classmethod
    def recorded(cls, record: Path) -> DetachedProcess | None:
        """Return the process that `record` tells of, alive or not; None without a readable record."""
        try:
            content = json.loads(record.read_text("utf-8"))
            return cls(
                record=record,
                pid=int(content["pid"]),
                started=str(content["started"]),
                facts=cast("Mapping[str, Any]", content["facts"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def alive(self) -> bool:
        """Whether this very process runs."""
        # Its parent, where that still runs, has to collect it, or a dead one looks alive.
        with suppress(ChildProcessError):
            os.waitpid(self.pid, os.WNOHANG)
        return bool(self.started) and start_time(self.pid) == self.started

    def wait_until(self, ready: Callable[[], bool], *, seconds: float, what: str, log: Path) -> None:
        """Return as soon as `ready` says so.

        Raises:
            ProcessError: the process ended, or the time is over.
        """
        deadline = time.monotonic() + seconds
        while True:
            alive = self.alive
            if alive and ready():
                return
            if not alive or time.monotonic() > deadline:
                how = f"is not ready after {seconds:g} s" if alive else "ended while it started"
                raise ProcessError(f"the {what} {how}; its log, {log}, ends with:\n{_tail(log)}")
            time.sleep(POLL_SECONDS)

    def stop(self, *, seconds: float) -> None:
        """End it and its children, by SIGKILL if SIGTERM takes over `seconds`; forget the record."""
        for sign, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5.0)):
            if not self.alive:
                break
            with suppress(ProcessLookupError):
                os.killpg(self.pid, sign)
            deadline = time.monotonic() + patience
            while self.alive and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
        self.record.unlink(missing_ok=True)


def start_time(pid: int) -> str | None:
    """Return when `pid` started, in whatever form the system tells it; None if no such process runs."""
    if sys.platform == "linux":
        try:
            # The command's name, in brackets, may hold blanks: state and start time are counted from its end.
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
            boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        except OSError:
            return None
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    answer = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    return None if len(answer) < 2 or answer[0].startswith("Z") else answer[1].strip()  # noqa: PLR2004


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text("utf-8", "replace").splitlines()[-lines:]) or "(nothing)"
    except OSError:
        return "(nothing)"
