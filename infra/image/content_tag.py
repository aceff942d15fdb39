"""The content tag: a hash of everything that a build depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.image.build_context import BuildContext, BuildContextError, is_executable

_LENGTH: Final = 16
"""Hexadecimal characters: 64 bits, more than any repository can hold by chance."""


def content_tag(
    context: BuildContext,
    *,
    build_args: Mapping[str, str],
    platforms: Sequence[str],
    target: str | None = None,
    secrets: Collection[str] = (),
) -> str:
    """Return a tag for what a build of a context makes.

    Any change of what is built changes it, so that nothing is deployed under the name of something else. Of
    secrets only the names count: a token that is renewed changes no image.

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
    # Of the mode only the executable bit, as in git: the others follow the umask, which differs between
    # machines, and the same commit would get another tag on each.
    mode = "executable" if is_executable(path) else "file"
    return mode, hashlib.sha256(path.read_bytes()).hexdigest()
