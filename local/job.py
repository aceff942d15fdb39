"""Runs long-running programs: reports progress, detects a hang, and stops them with this process."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_POLL_SECONDS: Final = 0.1
_MEASURE_SECONDS: Final = 5.0
"""Seconds between measurements of a silent program's folder; one of 40,000 files takes half a second."""
_NO_ROOM: Final = ("no space left on device", "disk quota exceeded")
_SUPERVISOR: Final = """\
import os, signal, sys, threading
def stop_with_parent():
    os.read(0, 1)
    os.killpg(0, 9)
threading.Thread(target=stop_with_parent, daemon=True).start()
pid = os.posix_spawn(
    sys.argv[1],
    sys.argv[1:],
    os.environ,
    file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)],
    setsigdef=[signal.SIGPIPE],
)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) & 255)
"""
"""Starts the program, and kills its process group when the pipe on standard input closes, which happens even
if this process is killed."""


class JobError(Exception):
    """A program failed or hung; the message is one line."""


class JobStoppedError(Exception):
    """The job was stopped on request."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """Programs that work in one folder, which is deleted afterwards."""

    folder: Path
    say: Callable[[str], None]
    """Shows a line to the user."""
    stop: threading.Event = field(default_factory=threading.Event)
    """Set by another thread to end the job."""
    inherited: Sequence[int] = ()
    """Descriptors that the programs inherit, such as a lock's, which is held until the last program exits."""
    progress_seconds: float = 15.0
    """Interval of progress reports."""

    def run(
        self,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str],
        cwd: Path | None = None,
        progress: Callable[[Sequence[str]], str],
        stall_seconds: float | None = None,
    ) -> list[str]:
        """Run a program and return the lines of both its outputs.

        Args:
            command: the program's path and its arguments.
            environment: all of its environment variables.
            cwd: its working directory; the job's folder by default.
            progress: returns a line of progress for the lines printed so far.
            stall_seconds: how long it may neither print a line nor change the size of the job's folder.

        Raises:
            JobError: it failed, with its last line, or hung.
            JobStoppedError: `stop` was set.
            OSError: the disk or the user's quota is full.
        """
        process = subprocess.Popen(
            [sys.executable, "-ISc", _SUPERVISOR, *command],
            env=dict(environment),
            cwd=cwd or self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C in the terminal reaches only this process, which then stops the group.
            process_group=0,
            pass_fds=tuple(self.inherited),
        )
        lines: list[str] = []
        with process:
            try:
                self._follow(process, lines, progress, stall_seconds)
                code = process.wait()
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise
        if code != 0:
            if any(text in line.lower() for line in lines for text in _NO_ROOM):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.folder))
            last = next((line.strip() for line in reversed(lines) if line.strip()), f"exit code {code}")
            raise JobError(last)
        return lines

    def _follow(
        self,
        process: subprocess.Popen[bytes],
        lines: list[str],
        progress: Callable[[Sequence[str]], str],
        stall_seconds: float | None,
    ) -> None:
        assert process.stdout is not None  # noqa: S101 -- it is a pipe
        started = reported = time.monotonic()
        stall = _Stall(self.folder, stall_seconds or float("inf"), started)
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if self.stop.is_set():
                    raise JobStoppedError("stopped")
                if selector.select(_POLL_SECONDS):
                    data = os.read(process.stdout.fileno(), 65536)
                    *complete, rest = (rest + data).split(b"\n")
                    lines += [line.decode(errors="replace") for line in complete]
                    if not data:
                        lines += [rest.decode(errors="replace")] if rest else []
                        return
                now = time.monotonic()
                if now - reported >= self.progress_seconds:
                    reported = now
                    self.say(f"{progress(lines)}, after {now - started:.0f} s")
                stall.check(len(lines), now)


@dataclass
class _Stall:
    """Detects that a program neither prints anything nor changes the size of a folder."""

    folder: Path
    limit: float
    """Seconds without a change."""
    changed: float
    measured: float = 0.0
    lines: int = 0
    bytes: int = 0

    def check(self, lines: int, now: float) -> None:
        """Raise a JobError if neither the number of lines nor the folder has changed for the limit."""
        if lines != self.lines:
            self.lines, self.changed = lines, now
        elif now - max(self.changed, self.measured) >= min(_MEASURE_SECONDS, self.limit / 4):
            self.measured = now
            if (measured := size(self.folder)) != self.bytes:
                self.bytes, self.changed = measured, now
            elif now - self.changed >= self.limit:
                raise JobError(f"nothing happened for {self.limit:g} s")


def size(folder: Path) -> int:
    """Return the size of the readable files in `folder`, in bytes."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    total += size(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total
