"""Runs a command and tells what it cost: seconds, processor, memory."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.02
_PATIENCE_SECONDS: Final = 180.0
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20


class CommandError(Exception):
    """A command failed, or what it should bring about did not happen; the message has its last words."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run took."""

    seconds: float
    """Until the command ended."""
    happened_after: float
    """Until what was waited for had happened, which can be before the command's end or after it."""
    cpu_seconds: float
    """Of the command and its children; emulator and Docker are not among them."""
    peak_mb: float
    """Of all its processes together, at the worst moment."""


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    until: Callable[[], bool] | None = None,
) -> Cost:
    """Run `command` to its end, and wait until `until` says that its work is done.

    Raises:
        CommandError: it failed, or `until` was not true in three minutes.
    """
    log = folder / "bench.log"
    with log.open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    memory = _Memory(process.pid)
    end = _End(process, began)
    try:
        happened = _happened(until, end, began) if until is not None else None
    except BaseException:
        process.kill()
        raise
    end.join()
    peak = memory.stop()
    if end.code != 0 or happened == float("inf"):
        what = f"ended with {end.code}" if end.code else "did not bring about what it should"
        words = "\n".join(log.read_text("utf-8", "replace").splitlines()[-25:])
        raise CommandError(f"`{' '.join(command)}` {what}; its last words:\n{words}")
    return Cost(
        seconds=end.seconds,
        happened_after=end.seconds if happened is None else happened,
        cpu_seconds=end.cpu_seconds,
        # What the system says of a process begins with what its parent held: only where nothing else tells.
        peak_mb=peak or end.largest_mb,
    )


def _happened(until: Callable[[], bool], end: _End, began: float) -> float:
    while time.monotonic() - began < _PATIENCE_SECONDS and not (end.over and end.code):
        if until():
            return time.monotonic() - began
        time.sleep(_POLL_SECONDS)
    return float("inf")


class _End(threading.Thread):
    """Waits for the end of a process, so that whoever watches its work does not delay the clock."""

    def __init__(self, process: subprocess.Popen[bytes], began: float) -> None:
        super().__init__(daemon=True)
        self._process = process
        self._began = began
        self.over = False
        self.code = -1
        self.seconds = self.cpu_seconds = self.largest_mb = 0.0
        self.start()

    def run(self) -> None:
        _, status, usage = os.wait4(self._process.pid, 0)
        self.seconds = time.monotonic() - self._began
        # Popen must not wait again for what is collected.
        self._process.returncode = self.code = os.waitstatus_to_exitcode(status)
        self.cpu_seconds = usage.ru_utime + usage.ru_stime
        # macOS counts bytes where Linux counts KiB.
        self.largest_mb = usage.ru_maxrss / (2**20 if os.uname().sysname == "Darwin" else 2**10)
        self.over = True


class _Memory(threading.Thread):
    """Adds up the memory of a process and all below it, again and again; where /proc is missing, nothing.

    What is started in a session of its own stays when the command ends, and is not the command's.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._stopped = threading.Event()
        self._peak = 0.0
        self.start()

    def run(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            self._peak = max(self._peak, _resident_mb(self._pid))

    def stop(self) -> float:
        self._stopped.set()
        self.join()
        return self._peak


def _resident_mb(pid: int, session: int | None = None) -> float:
    process = Path("/proc", str(pid))
    try:
        if session is not None and os.getsid(pid) != session:
            return 0.0
        own = int((process / "statm").read_text().split()[1]) * _PAGE_MB
        lists = [(task / "children").read_text() for task in (process / "task").iterdir()]
        session = os.getsid(pid)
    except (OSError, IndexError):
        return 0.0
    return own + sum(_resident_mb(int(child), session) for words in lists for child in words.split())
