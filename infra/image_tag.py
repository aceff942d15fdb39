"""A tag that changes whenever a build would: the hash of all that goes into it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from docker.utils.build import exclude_paths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_LENGTH: Final = 16
"""Hexadecimal characters: 64 bits, more than any repository can hold by chance."""


def content_tag(
    context: Path,
    *,
    build_args: Mapping[str, str],
    platforms: Sequence[str],
    target: str | None = None,
) -> str:
    """Return a tag for what a build of `context` makes.

    An immutable repository refuses a tag that it has with another digest, and builds are not reproducible:
    the same tag must therefore mean that nothing is built again, and any change of what is built must change
    the tag.

    Raises:
        FileNotFoundError: the folder or its Dockerfile is not there.
    """
    if not (context / "Dockerfile").is_file():
        raise FileNotFoundError(f"app-path is {str(context)!r}, but {context / 'Dockerfile'} does not exist")
    digest = hashlib.sha256()
    settings = {"args": dict(build_args), "platforms": list(platforms), "target": target}
    digest.update(json.dumps(settings, sort_keys=True).encode())
    for path in _files(context):
        digest.update(json.dumps([path, *_fingerprint(context / path)]).encode())
    return digest.hexdigest()[:_LENGTH]


def _files(context: Path) -> Iterator[str]:
    ignore = context / ".dockerignore"
    lines = ignore.read_text().splitlines() if ignore.is_file() else []
    patterns = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    paths: set[str] = exclude_paths(str(context), patterns)
    # Folders count by what is in them, as in git: an empty one may be there on one machine alone.
    return iter(sorted(path for path in paths if (context / path).is_symlink() or (context / path).is_file()))


def _fingerprint(path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return "link", str(path.readlink())
    # Of the mode only the executable bit, as in git: the others follow the umask, which differs between
    # machines, and the same commit would get another tag on each.
    mode = "executable" if path.stat().st_mode & 0o100 else "file"
    return mode, hashlib.sha256(path.read_bytes()).hexdigest()
