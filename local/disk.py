"""Writes files atomically, and names the file and the missing room if the disk is full."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.errors import LocalError

MEGABYTE: Final = 1024 * 1024
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DiskFullError(LocalError):
    """A file does not fit on its disk; the message has the file, its size and the free space."""


@contextmanager
def writing(path: Path, *, needs_bytes: int) -> Generator[None]:
    """Convert the error for a full disk in a block that writes `path`.

    Raises:
        DiskFullError: there is no room for the file, which needs about `needs_bytes`.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        room = f"it needs {_size(needs_bytes)}"
        if error.errno == errno.ENOSPC:
            room += f", and {_size(shutil.disk_usage(path.parent).free)} are free"
        raise DiskFullError(
            f"{path} cannot be written ({os.strerror(error.errno)}): {room}. Free some space and try again"
        ) from error


def replace_text(path: Path, text: str) -> None:
    """Write a file atomically: readers see the old content or the new one.

    Raises:
        DiskFullError: there is no room for it; the file is unchanged.
    """
    data = text.encode()
    draft = path.with_name(f"{path.name}.new")
    with writing(path, needs_bytes=len(data)):
        try:
            draft.write_bytes(data)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        draft.replace(path)


def _size(count: int) -> str:
    return f"{count / MEGABYTE:.0f} MB" if count >= MEGABYTE else f"{count / 1024:.0f} KB"
