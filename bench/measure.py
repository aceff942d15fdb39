"""Runs commands, and measures their time and memory."""

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
    """A command failed or had no effect; the message ends with the last lines of its output."""


@dataclass(frozen=True)
class Command:
    """A command with its folder and environment variables."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The time and memory of a run."""

    seconds: float
    """Until the command's end."""
    effect_seconds: float
    """Until its effect, which may be before or after its end."""
    peak_mb: float
    """Peak memory of all its processes together; 0 without /proc."""


def run(command: Command, until: Callable[[], bool] | None = None) -> Cost:
    """Run a command to its end, and until its effect: when `until` returns True.

    Raises:
        CommandError: it failed, or did not end or have its effect within three minutes.
    """
    log = command.folder / "bench.log"
    started = time.monotonic()
    process = _start(command, log)
    watch = _Watch(process)
    try:
        there = until is None or _wait(until, watch, started)
        effect_at = time.monotonic()
        watch.join(_LIMIT_SECONDS - (effect_at - started))
    finally:
        if watch.is_alive():
            process.kill()
            watch.join()
    if process.returncode or not there:
        raise _failure(command, process, log)
    seconds = watch.ended_at - started
    return Cost(
        seconds=seconds,
        effect_seconds=seconds if until is None else effect_at - started,
        peak_mb=watch.peak_mb,
    )


@contextmanager
def running(command: Command, ready: str) -> Generator[Callable[[], None]]:
    """Run a command until the block ends; then send it Ctrl-C.

    Args:
        command: the command.
        ready: text that it prints when it is ready, also again later.

    Yields:
        A function that waits until the command prints the text once more.

    Raises:
        CommandError: it failed, or took more than three minutes to become ready or to end.
    """
    log = command.folder / "bench-running.log"
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
            command.arguments,
            cwd=command.folder,
            env=command.environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _failure(command: Command, process: subprocess.Popen[bytes], log: Path) -> CommandError:
    failure = f"ended with {process.returncode}" if process.returncode else "did not have its effect"
    lines = "\n".join(log.read_text("utf-8", "replace").splitlines()[-25:])
    return CommandError(f"`{' '.join(command.arguments)}` {failure}; its last lines:\n{lines}")


def _wait(until: Callable[[], bool], watch: _Watch, started: float) -> bool:
    while time.monotonic() - started < _LIMIT_SECONDS and not watch.failed:
        if until():
            return True
        time.sleep(_POLL_SECONDS)
    return False


class _Watch(threading.Thread):
    """Records the end and the peak memory of a process on a thread."""

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
    """Return the memory of a process and its descendants in the same session."""
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
