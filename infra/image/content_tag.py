"""A tag that changes whenever a build would: the hash of all that goes into it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.image.build_context import files, is_executable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

    Any change of what is built changes it, so that nothing is deployed under the name of something else.

    Raises:
        BuildContextError: the folder or its Dockerfile is not there.
    """
    digest = hashlib.sha256()
    settings = {"args": dict(build_args), "platforms": list(platforms), "target": target}
    digest.update(json.dumps(settings, sort_keys=True).encode())
    for path in files(context):
        digest.update(json.dumps([path, *_fingerprint(context / path)]).encode())
    return digest.hexdigest()[:_LENGTH]


def _fingerprint(path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return "link", str(path.readlink())
    # Of the mode only the executable bit, as in git: the others follow the umask, which differs between
    # machines, and the same commit would get another tag on each.
    mode = "executable" if is_executable(path) else "file"
    return mode, hashlib.sha256(path.read_bytes()).hexdigest()
