"""Layers of pushed images, cached for the next registry."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from local.disk import MEGABYTE
from local.layer_cache import LayerCache, layers_of

LARGE, SMALL = b"L" * (10 * MEGABYTE), b"S"


def digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@dataclass
class Registry:
    """Responds as the emulator's registry does."""

    repositories: dict[str, dict[str, bytes]] = field(default_factory=dict[str, dict[str, bytes]])
    requests: list[str] = field(default_factory=list[str])
    url: str = ""

    def pushed(self, repository: str, *layers: bytes) -> str:
        """Push an image, and return the digest of its manifest."""
        described = [{"digest": digest(layer), "size": len(layer)} for layer in layers]
        manifest = json.dumps({"layers": described}).encode()
        self.repositories[repository] = {digest(content): content for content in (*layers, manifest)}
        return digest(manifest)

    def respond(self, method: str, path: str, body: bytes) -> tuple[int, bytes]:
        self.requests.append(f"{method} {path}")
        parts = urlsplit(path)
        if parts.path == "/v2/_catalog":
            return 200, json.dumps({"repositories": [*self.repositories]}).encode()
        repository, _, name = parts.path.removeprefix("/v2/").partition("/")
        if method == "POST":
            (named,) = parse_qs(parts.query)["digest"]
            assert digest(body) == named
            self.repositories[repository][named] = body
            return 201, b""
        content = self.repositories[repository].get(name.rpartition("/")[2])
        return (404, b"") if content is None else (200, content)


@pytest.fixture
def registry() -> Iterator[Registry]:
    fake = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = fake.respond(self.command, self.path, body)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)

        do_HEAD = do_POST = do_GET  # noqa: N815 -- as the library calls them

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    server.shutdown()
    thread.join()
    server.server_close()


def cache(
    registry: Registry, folder: Path | None, repository: str = "app", layers: str = "base code"
) -> LayerCache:
    return LayerCache(
        registry=registry.url,
        repository=repository,
        layers=tuple(f"sha256:{layer}" for layer in layers.split()),
        folder=folder,
    )


def test_a_layer_in_another_repository_is_not_uploaded(registry: Registry, tmp_path: Path) -> None:
    cache(registry, tmp_path).keep(registry.pushed("app", LARGE, SMALL))
    registry.repositories["other"] = {}

    cache(registry, tmp_path, "other").offer()

    assert registry.repositories["other"] == {}


def test_layers_of_other_images_are_not_uploaded(registry: Registry, tmp_path: Path) -> None:
    cache(registry, tmp_path).keep(registry.pushed("app", LARGE, SMALL))
    registry.repositories = {"other": {}}

    cache(registry, tmp_path, "other", layers="another one").offer()

    assert registry.repositories == {"other": {}}


def test_a_cached_layer_is_not_downloaded_again(registry: Registry, tmp_path: Path) -> None:
    pushed = registry.pushed("app", LARGE, SMALL)
    cache(registry, tmp_path).keep(pushed)
    registry.requests.clear()

    cache(registry, tmp_path).keep(pushed)

    assert registry.requests == [f"GET /v2/app/manifests/{pushed}"]


def test_the_least_recently_used_layers_are_deleted(registry: Registry, tmp_path: Path) -> None:
    for number in range(6):
        pushed = registry.pushed("app", LARGE + bytes([number]))
        cache(registry, tmp_path, layers=f"layer{number}").keep(pushed)
        for path in tmp_path.glob(f"layer{number}.*"):
            os.utime(path, (number, number))
        cache(registry, tmp_path, layers="layer0").offer()

    assert {path.name.partition(".")[0] for path in tmp_path.iterdir()} == {
        "layer0",
        "layer3",
        "layer4",
        "layer5",
    }


@pytest.mark.parametrize("obstacle", ["no home", "a file"])
def test_without_a_cache_folder_nothing_fails(registry: Registry, tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "file").touch()
    folder = None if obstacle == "no home" else tmp_path / "file"

    cache(registry, folder).keep(registry.pushed("app", LARGE, SMALL))
    cache(registry, folder).offer()

    assert (tmp_path / "file").read_bytes() == b""


def test_without_a_registry_nothing_fails(registry: Registry, tmp_path: Path) -> None:
    unreachable = LayerCache(
        registry="http://127.0.0.1:1", repository="app", layers=("sha256:base",), folder=tmp_path
    )

    unreachable.offer()
    unreachable.keep("sha256:any")

    assert list(tmp_path.iterdir()) == []


def test_layers_are_read_from_the_daemons_description() -> None:
    assert layers_of({"RootFS": {"Layers": ["sha256:base"]}}) == ("sha256:base",)
    assert layers_of({}) == layers_of(None) == ()
