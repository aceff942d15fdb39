"""Watches files and folders for changes."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

_STEP_MILLISECONDS: Final = 20
"""Files that are saved within this time are one change."""
_LONGEST_MILLISECONDS: Final = 400
_SKIPPED: Final = frozenset({".git", "node_modules", "__pycache__", ".venv", ".local", ".build"})


class FileWatcher:
    """Watches folders and further files until it is stopped."""

    def __init__(self, folders: Iterable[Path], files: Iterable[Path]) -> None:
        """Watch folders, without packages and files of tools, and files."""
        self._changed: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._watched = ({*folders}, {*files})
        # For changes before this.
        self._changed.put(None)
        wanted = {path.resolve() for path in files}
        self._start({path.resolve() for path in folders}, lambda path: not _SKIPPED & {*path.parts})
        # By their folders: many editors replace a file instead of writing it.
        self._start({path.parent for path in wanted}, lambda path: path in wanted, recursive=False)

    def _start(self, folders: set[Path], wanted: Callable[[Path], bool], *, recursive: bool = True) -> None:
        from watchfiles import watch

        existing = [folder for folder in folders if folder.is_dir()]

        def relative(path: str) -> Path:
            found = Path(path)
            own = next((folder for folder in existing if found.is_relative_to(folder)), None)
            return found.relative_to(own) if own and recursive else found

        def follow() -> None:
            for _ in watch(
                *existing,
                watch_filter=lambda _, path: wanted(relative(path)),
                step=_STEP_MILLISECONDS,
                debounce=_LONGEST_MILLISECONDS,
                stop_event=self._stop,
                raise_interrupt=False,
                recursive=recursive,
                rust_timeout=500,
            ):
                self._changed.put(None)

        if existing:
            threading.Thread(target=follow, daemon=True).start()

    def watches(self, folders: Iterable[Path], files: Iterable[Path]) -> bool:
        """Whether it watches exactly these."""
        return self._watched == ({*folders}, {*files})

    def wait(self) -> None:
        """Wait for a change since the last call."""
        self._changed.get()
        while not self._changed.empty():
            self._changed.get()

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()
