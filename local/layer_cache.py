"""Caches large image layers for the registries of later emulators.

The daemon compresses a layer for each push to a new registry, which takes seconds for the base image. It
skips a layer that the repository already has under the digest of an earlier push.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from local.disk import MEGABYTE
from local.user_cache import user_cache

_SMALLEST_BYTES: Final = 10 * MEGABYTE
"""The daemon reuses only large layers under the digests of other pushes."""
_KEPT: Final = 4
"""Number of layers, of about 50 MB each: of the base image, of an update of it, and of the user's app."""
_SECONDS: Final = 30


def _folder() -> Path | None:
    cache = user_cache()
    return cache and cache / "layers"


@dataclass(frozen=True, kw_only=True)
class LayerCache:
    """The layers of an image, in a repository and in the user's cache; a failure only costs time."""

    registry: str
    """Address of the registry, such as `http://127.0.0.1:4566`."""
    repository: str
    layers: tuple[str, ...]
    """Digests of the unpacked layers, Docker's diff ids, from the lowest layer."""
    folder: Path | None = field(default_factory=_folder)

    def offer(self) -> None:
        """Upload the cached layers to the repository, before a push.

        The daemon itself reuses layers of other repositories in the registry.
        """
        with suppress(OSError, HTTPException, ValueError, KeyError):
            repositories = json.loads(self._request("_catalog"))["repositories"]
            for path in (path for layer in self.layers for path in self._cached(layer)):
                digest = _digest(path)
                if not any(self._has(repository, digest) for repository in repositories):
                    self._request(f"{self.repository}/blobs/uploads/?digest={digest}", path.read_bytes())
                # The least recently used layers are deleted first.
                path.touch()

    def keep(self, digest: str) -> None:
        """Copy the large layers of a pushed image to the cache, by the digest of its manifest."""
        with suppress(OSError, HTTPException, ValueError, KeyError):
            pushed = json.loads(self._request(f"{self.repository}/manifests/{digest}"))["layers"]
            for layer, described in zip(self.layers, pushed, strict=True):
                if described["size"] >= _SMALLEST_BYTES and not any(self._cached(layer)):
                    self._write(layer, described["digest"])

    def _cached(self, layer: str) -> Iterator[Path]:
        if self.folder is not None:
            yield from self.folder.glob(f"{_hex(layer)}.*")

    def _write(self, layer: str, digest: str) -> None:
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        draft = self.folder / f"unfinished-{os.getpid()}"
        try:
            draft.write_bytes(self._request(f"{self.repository}/blobs/{digest}"))
            draft.replace(self.folder / f"{_hex(layer)}.{_hex(digest)}")
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        by_age = sorted(self.folder.iterdir(), key=lambda path: path.stat().st_mtime)
        for path in by_age[:-_KEPT]:
            path.unlink(missing_ok=True)

    def _has(self, repository: str, digest: str) -> bool:
        try:
            self._request(f"{repository}/blobs/{digest}", method="HEAD")
        except HTTPError:
            return False
        return True

    def _request(self, path: str, data: bytes | None = None, *, method: str | None = None) -> bytes:
        request = Request(f"{self.registry}/v2/{path}", data, method=method)  # noqa: S310 -- the emulator's
        try:
            # Without the user's proxy, which cannot reach the emulator.
            with build_opener(ProxyHandler({})).open(request, timeout=_SECONDS) as response:
                return bytes(response.read())
        except HTTPError as error:
            error.close()
            raise


def layers_of(image: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the diff ids in the daemon's description of an image."""
    described: dict[str, Any] = (image or {}).get("RootFS") or {}
    return tuple(described.get("Layers") or ())


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _digest(path: Path) -> str:
    return f"sha256:{path.suffix.removeprefix('.')}"
