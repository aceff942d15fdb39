"""Runs a command, and measures its seconds and its memory."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.02
_LIMIT_SECONDS: Final = 180.0
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 2**20


class CommandError(Exception):
    """A command failed, or its effect did not come; the message ends with the last lines of its output."""


@dataclass(frozen=True)
class Command:
    """A command, where it runs and with which variables."""

    words: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one run took."""

    seconds: float
    """Until the command ended."""
    effect_seconds: float
    """Until its effect was there, which can be before its end or after it."""
    peak_mb: float
    """Memory of all its processes together at the worst moment; 0 where there is no /proc."""


def run(command: Command, until: Callable[[], bool] | None = None) -> Cost:
    """Run `command` to its end, and until `until` says that its effect is there.

    Raises:
        CommandError: it failed, or did not end or have its effect within three minutes.
    """
    log = command.folder / "bench.log"
    began = time.monotonic()
    process = _start(command, log)
    watch = _Watch(process)
    try:
        there = until is None or _wait(until, watch, began)
        effect_at = time.monotonic()
        watch.join(_LIMIT_SECONDS - (effect_at - began))
    finally:
        if watch.is_alive():
            process.kill()
            watch.join()
    if process.returncode or not there:
        raise _failure(command, process, log)
    seconds = watch.ended_at - began
    return Cost(
        seconds=seconds,
        effect_seconds=seconds if until is None else effect_at - began,
        peak_mb=watch.peak_mb,
    )


@contextmanager
def beside(command: Command, ready: str) -> Generator[Callable[[], None]]:
    """Run a command that goes on until Ctrl-C, from when it says that it is `ready`, and end it so.

    Yields:
        What waits until it says so once more.

    Raises:
        CommandError: it ended before, failed, or was not ready or not at its end within three minutes.
    """
    log = command.folder / "bench-beside.log"
    process = _start(command, log)
    watch = _Watch(process)
    times = 0

    def wait() -> None:
        nonlocal times
        times += 1
        if not _wait(
            lambda: log.read_text("utf-8", "replace").count(ready) >= times, watch, time.monotonic()
        ):
            raise _failure(command, process, log)

    try:
        wait()
        yield wait
        process.send_signal(signal.SIGINT)
        watch.join(_LIMIT_SECONDS)
    finally:
        if watch.is_alive():
            process.kill()
            watch.join()
    if process.returncode:
        raise _failure(command, process, log)


def _start(command: Command, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as output:
        return subprocess.Popen(
            command.words,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _failure(command: Command, process: subprocess.Popen[bytes], log: Path) -> CommandError:
    fault = f"ended with {process.returncode}" if process.returncode else "did not have its effect"
    lines = "\n".join(log.read_text("utf-8", "replace").splitlines()[-25:])
    return CommandError(f"`{' '.join(command.words)}` {fault}; its last lines:\n{lines}")


def _wait(until: Callable[[], bool], watch: _Watch, began: float) -> bool:
    while time.monotonic() - began < _LIMIT_SECONDS and not watch.failed:
        if until():
            return True
        time.sleep(_POLL_SECONDS)
    return False


class _Watch(threading.Thread):
    """Notes when a process ends and how much memory it takes, while others wait for its effect."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        super().__init__(daemon=True)
        self._process = process
        self.ended_at = self.peak_mb = 0.0
        self.start()

    @property
    def failed(self) -> bool:
        return bool(self._process.returncode)

    def run(self) -> None:
        while self._process.returncode is None:
            self.peak_mb = max(self.peak_mb, _resident_mb(self._process.pid))
            try:
                self._process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        self.ended_at = time.monotonic()


def _resident_mb(pid: int, session: int | None = None) -> float:
    """Add up the memory of a process and of those below it, but for those in a session of their own."""
    process = Path("/proc", str(pid))
    try:
        if session is not None and os.getsid(pid) != session:
            return 0.0
        own = int((process / "statm").read_text().split()[1]) * _PAGE_MB
        lists = [(task / "children").read_text() for task in (process / "task").iterdir()]
        session = os.getsid(pid)
    except (OSError, IndexError):
        return 0.0
    return own + sum(_resident_mb(int(child), session) for line in lists for child in line.split())
