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
"""Bytes; a smaller file is a version manager's script, which may start another CLI the next time."""


def find(cache: Path, say: Callable[[str], None]) -> tuple[Path, str] | None:
    """Return the first usable `pulumi` on PATH and its version.

    Args:
        cache: folder of this project's CLIs, which are skipped, and of the cached versions.
        say: called with the reason if a CLI is not used.
    """
    for folder in os.get_exec_path():
        command = shutil.which("pulumi", path=folder)
        if command is None:
            continue
        path = Path(command).resolve()
        if path.is_relative_to(cache.resolve()):
            continue
        try:
            version = _cached_version(path, cache / "on-path.json")
        except (OSError, VersionError) as error:
            say(f"{command} on PATH is not used: it {error}")
            continue
        if is_accepted(version):
            return Path(command).absolute(), version
        say(f"{command} on PATH is not used: it is version {version}, and {MINIMUM} or later is needed")
    return None


def _cached_version(path: Path, file: Path) -> str:
    status = path.stat()
    identity = [str(path), status.st_mtime_ns, status.st_size]
    with suppress(OSError, ValueError, TypeError):
        cached: Any = json.loads(file.read_text("utf-8"))
        if cached[:-1] == identity and isinstance(cached[-1], str):
            return cached[-1]
    version = version_of(path)
    if status.st_size >= _SMALLEST_PROGRAM:
        with suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            draft = file.with_name(f"{file.name}.{os.getpid()}")
            draft.write_text(json.dumps([*identity, version]), "utf-8")
            draft.replace(file)
    return version
