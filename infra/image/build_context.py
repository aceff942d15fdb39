"""What a build sees of the app: the same bytes and modes on every machine."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

import pulumi
from docker.utils.build import exclude_paths

STAGING: Final = Path(".build")
"""Below the folder in which the program runs; git ignores it."""

_KEPT: Final = 5
"""Staged contexts that stay: those of runs that are under way, with room to spare."""

_READABLE: Final = 0o644
_EXECUTABLE: Final = 0o755


class BuildContextError(pulumi.RunError):
    """The app's folder cannot be built from."""


def stage(context: Path, tag: str, staging: Path = STAGING) -> Path:
    """Copy what `.dockerignore` lets through to `<staging>/<tag>`, with modes that no umask decides.

    docker-build hashes a file's whole mode: the same commit checked out with another umask would be built
    again, and the immutable repository would refuse the tag that it has. And where the umask is strict, the
    container's user could not read the app. Of the mode only the executable bit counts, as in git.

    Args:
        context: the app's folder.
        tag: the content's own, so that the place changes when the content does and two runs never share one
            that is half copied.
        staging: where to put it.
    """
    target = staging / tag
    if not target.is_dir():
        staging.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f"{tag}.", dir=staging))
        _copy(context, half)
        try:
            half.rename(target)
        except OSError:
            # Another run was quicker with the same content.
            shutil.rmtree(half)
        _forget_old(staging)
    return target


def _copy(context: Path, target: Path) -> None:
    for name in {*files(context), *({".dockerignore"} if (context / ".dockerignore").is_file() else ())}:
        source, copy = context / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, copy, follow_symlinks=False)
        if not copy.is_symlink():
            copy.chmod(_EXECUTABLE if is_executable(source) else _READABLE)
    for folder in [target, *(path for path in target.rglob("*") if path.is_dir() and not path.is_symlink())]:
        folder.chmod(_EXECUTABLE)


def _forget_old(staging: Path) -> None:
    newest_first = sorted(staging.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in newest_first[_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


def files(context: Path) -> list[str]:
    """Return the files that `.dockerignore` lets through, sorted, relative to `context`.

    Folders count by what is in them, as in git: an empty one may be there on one machine alone.

    Raises:
        BuildContextError: the folder or its Dockerfile is not there.
    """
    if not (context / "Dockerfile").is_file():
        raise BuildContextError(
            f"app-path = {str(context)!r}: {context / 'Dockerfile'} does not exist; name the folder that "
            f"holds the app and its Dockerfile, from the project's root",
        )
    ignore = context / ".dockerignore"
    lines = ignore.read_text().splitlines() if ignore.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    # With the project's root as the app's folder, what was staged before would be staged again.
    patterns.append(str(STAGING))
    paths: set[str] = exclude_paths(str(context), patterns)
    return sorted(path for path in paths if (context / path).is_symlink() or (context / path).is_file())


def is_executable(path: Path) -> bool:
    """Whether its owner may execute a file."""
    return bool(path.stat().st_mode & 0o100)
