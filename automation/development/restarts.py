"""Restarts of apps: requests wait until the apps answer again, and a line reports how long it took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from automation.http_status import http_status
from local.live.notes import LONGEST_RESTART_SECONDS, Notes

_POLL_SECONDS: Final = 0.1
_JUST_WRITTEN_SECONDS: Final = 2
_STATUSES_WITHOUT_APP: Final = frozenset({None, 502, 503, 504})
RESTARTED: Final = "[dev] restarted"
ENDED: Final = "[dev] ended"
"""Beginnings of the lines that local/live/supervisor.cjs prints."""


class Restarts:
    """Waits for the apps of the latest restart; a newer restart or :meth:`forget` ends that."""

    def __init__(self, notes: Notes, stack: str, say: Callable[[str], None]) -> None:
        self._notes = notes
        self._stack = stack
        self._say = say
        self._changed = threading.Condition()
        self._number = 0
        self._restarted = 0
        self._ended = False

    def forget(self) -> None:
        """Stop waiting."""
        with self._changed:
            self._number += 1
            self._notes.note_restart(self._stack, under_way=False)
            self._changed.notify_all()

    def read_log_line(self, line: str) -> None:
        """Note what a line of a container says about a restart."""
        with self._changed:
            self._restarted += line.startswith(RESTARTED)
            if line.startswith(ENDED) and not self._ended:
                self._ended = True
                # Requests need not wait any longer.
                self._notes.note_restart(self._stack, under_way=False)
            self._changed.notify_all()

    def begin(self) -> int:
        """Have requests wait, before apps are restarted; return the restart's number."""
        with self._changed:
            self._number += 1
            self._restarted, self._ended = 0, False
            self._notes.note_restart(self._stack, under_way=True)
            return self._number

    def report_in_background(
        self, number: int, message: str, *, tasks: int, urls: Sequence[str], changed_at: float
    ) -> None:
        """Print a message with the seconds since the change, as soon as all apps answer.

        Args:
            number: of the restart.
            message: the line, without the seconds.
            tasks: how many tasks restart.
            urls: addresses that have to answer.
            changed_at: time of the change.
        """
        arguments = (number, message, tasks, urls, changed_at)
        threading.Thread(target=self._report, args=arguments, daemon=True).start()

    def _report(self, number: int, message: str, tasks: int, urls: Sequence[str], changed_at: float) -> None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._restarted >= tasks or self._ended or number != self._number,
                LONGEST_RESTART_SECONDS,
            )
        deadline = time.monotonic() + LONGEST_RESTART_SECONDS
        while time.monotonic() < deadline and number == self._number and not self._ended:
            if all(http_status(url) not in _STATUSES_WITHOUT_APP for url in urls):
                break
            time.sleep(_POLL_SECONDS)
        with self._changed:
            if number != self._number:
                return
            self._notes.note_restart(self._stack, under_way=False)
            if not self._ended:
                self._say(f"{message} after {time.time() - changed_at:.2f} s")


def time_of_change(files: Iterable[Path]) -> float:
    """Return when the newest of the files that have just changed was written."""
    now = time.time()
    times: list[float] = []
    for path in files:
        # It may have been deleted.
        with suppress(OSError):
            times.append(path.lstat().st_mtime)
    written = max(times, default=now)
    # A file that was moved here is older than the change.
    return written if now - written < _JUST_WRITTEN_SECONDS else now
