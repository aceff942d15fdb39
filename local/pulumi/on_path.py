"""Finds a Pulumi CLI on PATH, and caches its version until the file changes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from local.pulumi.versions import MINIMUM, VersionError, is_accepted, version_of

_SMALLEST_PROGRAM: Final = 1 << 20
"""A smaller file, in bytes, is a version manager's script, which may start another CLI the next time."""


def find(cache: Path, say: Callable[[str], None]) -> tuple[Path, str] | None:
    """Return the first `pulumi` on PATH that this project can use, and its version.

    Args:
        cache: this project's own CLIs, which do not count; it also holds what is remembered.
        say: called with the reason if one is not used.
    """
    for folder in os.get_exec_path():
        found = shutil.which("pulumi", path=folder)
        if found is None:
            continue
        path = Path(found).resolve()
        if path.is_relative_to(cache.resolve()):
            continue
        try:
            version = _remembered_version(path, cache / "on-path.json")
        except (OSError, VersionError) as error:
            say(f"{found} on PATH is not used: it {error}")
            continue
        if is_accepted(version):
            return Path(found).absolute(), version
        say(f"{found} on PATH is not used: it is version {version}, and {MINIMUM} or later is needed")
    return None


def _remembered_version(path: Path, memory: Path) -> str:
    status = path.stat()
    identity = [str(path), status.st_mtime_ns, status.st_size]
    with suppress(OSError, ValueError, TypeError):
        known: Any = json.loads(memory.read_text("utf-8"))
        if known[:-1] == identity and isinstance(known[-1], str):
            return known[-1]
    version = version_of(path)
    if status.st_size >= _SMALLEST_PROGRAM:
        with suppress(OSError):
            memory.parent.mkdir(parents=True, exist_ok=True)
            draft = memory.with_name(f"{memory.name}.{os.getpid()}")
            draft.write_text(json.dumps([*identity, version]), "utf-8")
            draft.replace(memory)
    return version
