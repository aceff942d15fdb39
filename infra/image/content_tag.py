"""The content tag: a hash of all inputs of a build."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.image.build_context import BuildContext, BuildContextError, is_executable

_LENGTH: Final = 16
"""Hexadecimal characters, 64 bits: enough to exclude collisions in a repository."""


def content_tag(
    context: BuildContext,
    *,
    build_args: Mapping[str, str],
    platforms: Sequence[str],
    target: str | None = None,
    secrets: Collection[str] = (),
) -> str:
    """Return a tag for the build of a context, which changes with each input of the build.

    Secrets count by their names only: a renewed token does not change the image.

    Raises:
        BuildContextError: a file cannot be read.
    """
    digest = hashlib.sha256()
    settings = {"args": dict(build_args), "platforms": list(platforms), "target": target}
    settings |= {"secrets": sorted(secrets)} if secrets else {}
    digest.update(json.dumps(settings, sort_keys=True).encode())
    try:
        dockerfile = hashlib.sha256(context.dockerfile.read_bytes()).hexdigest()
        for path in context.files():
            digest.update(json.dumps([path, *_fingerprint(context.folder / path)]).encode())
    except OSError as error:
        raise BuildContextError(f"{error.filename} cannot be read: {error.strerror}") from error
    digest.update(dockerfile.encode())
    return digest.hexdigest()[:_LENGTH]


def _fingerprint(path: Path) -> tuple[str, str]:
    if path.is_symlink():
        return "link", str(path.readlink())
    # Only the executable bit of the mode counts, as in git: the other bits depend on the machine's umask.
    mode = "executable" if is_executable(path) else "file"
    return mode, hashlib.sha256(path.read_bytes()).hexdigest()
