"""Base images of a Dockerfile, their replacements without a registry, and the client that builds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from local import image_build
from local.docker import DockerError
from local.image_build import Build, bases, buildkit_client

if TYPE_CHECKING:
    from collections.abc import Mapping

DIGEST = "sha256:" + "a" * 64
OFFICIAL = f"node:24-slim@{DIGEST}"
DOCKERFILE = f"# FROM nothing\nARG NODE_IMAGE={OFFICIAL}\nFROM ${{NODE_IMAGE}}\nCOPY . .\n"


class FakeClient:
    """A client of a daemon without images."""

    def close(self) -> None:
        pass


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The builder's input; the daemon has no images and no registry answers."""
    build: dict[str, Any] = {"pulled": []}
    monkeypatch.setattr(image_build, "connect", FakeClient)
    monkeypatch.setattr(image_build, "is_local", lambda _: False)
    monkeypatch.setattr(image_build, "registry_digest", lambda _: None)
    monkeypatch.setattr(image_build, "pull", lambda image, _progress: build["pulled"].append(image))
    monkeypatch.setattr(image_build, "base_image", lambda *_: "node-on-ecs/node-base:1")
    monkeypatch.setattr(image_build, "buildkit_client", lambda: None)

    def classic(job: Any) -> str:
        with image_build._dockerfile(job) as file:
            build["dockerfile"] = file.read_text()
            build["files"] = sorted(path.name for path in file.parent.iterdir())
        return "sha256:1"

    monkeypatch.setattr(image_build, "_classic", classic)
    return build


def context(folder: Path, dockerfile: str = DOCKERFILE) -> Path:
    (folder / "Dockerfile").write_text(dockerfile)
    return folder


def quiet(folder: Path, build_args: Mapping[str, str] | None = None) -> str:
    return Build(folder, tag="app:1", build_args=build_args or {}, progress=lambda _: None).run()


REFUSAL = DockerError("the registry refuses it: too many requests")


@pytest.mark.parametrize(
    ("is_local", "registry", "base", "pulled"),
    [
        (False, None, "node-on-ecs/node-base:1", []),
        (False, REFUSAL, "node-on-ecs/node-base:1", []),
        (False, DIGEST, "${NODE_IMAGE}", [OFFICIAL]),
        (True, AssertionError("a request to the registry"), "${NODE_IMAGE}", []),
    ],
    ids=["no registry answers", "the registry refuses it", "the registry has it", "the daemon has it"],
)
def test_the_official_base_is_replaced_only_if_it_is_not_available(
    built: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_local: bool,
    registry: str | Exception | None,
    base: str,
    pulled: list[str],
) -> None:
    monkeypatch.setattr(image_build, "is_local", lambda _: is_local)
    monkeypatch.setattr(image_build, "registry_digest", Mock(side_effect=[registry]))
    lines: list[str] = []

    Build(context(tmp_path), tag="app:1", progress=lines.append).run()

    assert built["dockerfile"] == DOCKERFILE.replace("${NODE_IMAGE}", base)
    assert built["pulled"] == pulled
    assert ("too many requests" in "".join(lines)) == (registry is REFUSAL)


@pytest.mark.parametrize("image", ["my/node:1", OFFICIAL])
def test_a_base_in_the_users_build_argument_is_never_replaced(
    built: dict[str, Any], tmp_path: Path, image: str
) -> None:
    with pytest.raises(DockerError, match=f"base image {image} is not available"):
        quiet(context(tmp_path), {"NODE_IMAGE": image})

    assert "dockerfile" not in built


def test_a_base_other_than_node_is_an_error_that_says_what_to_do(
    built: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(DockerError, match=r"`ARG NODE_IMAGE=oven/bun:1`"):
        quiet(context(tmp_path, "FROM oven/bun:1\n"))

    assert "dockerfile" not in built


@pytest.mark.parametrize(
    ("dockerfile", "expected"),
    [
        ("FROM node:24\n", "FROM base\n"),
        ("FROM node\nFROM public.ecr.aws/docker/library/node:22\n", "FROM base\nFROM base\n"),
        ("FROM --platform=$BUILDPLATFORM node:20-alpine AS deps\n", "FROM --platform=$BUILDPLATFORM base AS deps\n"),
        ("ARG V=20\nFROM node:${V}-slim as a\nFROM a\n", "ARG V=20\nFROM base as a\nFROM a\n"),
        ("ARG V\nFROM node:${V:-20}\n# FROM node:${V:-20}\n", "ARG V\nFROM base\n# FROM node:${V:-20}\n"),
    ],
)  # fmt: skip
def test_nodes_official_image_is_replaced_in_every_from(
    built: dict[str, Any], tmp_path: Path, dockerfile: str, expected: str
) -> None:
    quiet(context(tmp_path, dockerfile))

    assert built["dockerfile"] == expected.replace("base", "node-on-ecs/node-base:1")
    assert (tmp_path / "Dockerfile").read_text() == dockerfile


def test_an_edited_dockerfile_keeps_its_ignore_file(built: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("secret.txt\n")

    quiet(context(tmp_path, "FROM node:24\n"))

    assert built["files"] == ["Dockerfile", "Dockerfile.dockerignore"]


@pytest.mark.parametrize(
    ("registry", "expected", "lines"),
    [
        (DIGEST, "# syntax=docker/dockerfile:1\nFROM scratch\n", []),
        (None, "FROM scratch\n", ["docker/dockerfile:1 is not available, its registry cannot be reached: the builder's own frontend is used"]),
    ],
)  # fmt: skip
def test_a_frontend_is_removed_only_if_it_is_not_available(
    built: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    registry: str | None,
    expected: str,
    lines: list[str],
) -> None:
    monkeypatch.setattr(image_build, "registry_digest", lambda _: registry)
    said: list[str] = []
    folder = context(tmp_path, "# syntax=docker/dockerfile:1\nFROM scratch\n")

    Build(folder, tag="app:1", progress=said.append).run()

    assert (built["dockerfile"], built["pulled"], said) == (expected, [], lines)


def test_a_failed_step_on_a_replaced_base_says_what_that_base_lacks(tmp_path: Path) -> None:
    job = Build(tmp_path, tag="app:1", replacements={"node:24-alpine": "base:1", "docker/dockerfile:1": ""})
    output = image_build._Output(job)

    text = str(output.failure())

    assert text.endswith(
        "base:1 replaced node:24-alpine, which is not available here: it has npm, yarn and pnpm, but no "
        "apt-get, apk or compiler"
    )
    assert "docker/dockerfile" not in text


@pytest.mark.parametrize("base_remains", [False, True])
def test_a_failed_build_is_repeated_only_if_its_base_was_removed_meanwhile(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, base_remains: bool
) -> None:
    build = Mock(side_effect=[DockerError("a step failed"), "sha256:2"])
    monkeypatch.setattr(image_build, "_classic", build)
    monkeypatch.setattr(image_build, "is_local", lambda _: base_remains)

    if base_remains:
        with pytest.raises(DockerError, match="a step failed"):
            quiet(context(tmp_path))
    else:
        assert quiet(context(tmp_path)) == "sha256:2"
    assert build.call_count == (1 if base_remains else 2)


def test_a_missing_dockerfile_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(DockerError, match=r"no Dockerfile at .*Dockerfile"):
        quiet(tmp_path)


@pytest.mark.parametrize(
    ("dockerfile", "expected"),
    [
        ("FROM node:24", ["node:24"]),
        ("from --platform=$BUILDPLATFORM node:24 as build\nFROM build\nFROM scratch", ["node:24"]),
        ("FROM a AS one\nFROM a AS two\nFROM One", ["a"]),
        ("#- FROM ${NODE_IMAGE} AS packages\nFROM ${NODE_IMAGE}", ["chosen"]),
        ("FROM $NODE_IMAGE AS build", ["chosen"]),
    ],
)
def test_base_images_exclude_the_dockerfiles_stages(dockerfile: str, expected: list[str]) -> None:
    assert bases(dockerfile, {"NODE_IMAGE": "chosen"}) == expected


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for clients, and an empty PATH."""
    monkeypatch.setenv("PATH", "")
    buildkit_client.cache_clear()
    yield tmp_path
    buildkit_client.cache_clear()


@pytest.mark.parametrize(
    ("clients", "chosen"),
    [
        ([("28.2.2", False), ("20.10.24+dfsg1", False)], 1),
        ([("28.2.2", True), ("20.10.24", False)], 0),
        ([("28.2.2", False)], None),
    ],
    ids=["an old one with BuildKit built in", "the first with buildx", "none"],
)
def test_the_first_client_with_buildkit_is_used(
    path: Path, monkeypatch: pytest.MonkeyPatch, clients: list[tuple[str, bool]], chosen: int | None
) -> None:
    paths: list[Path] = []
    for number, (version, buildx) in enumerate(clients):
        client = path / str(number) / "docker"
        client.parent.mkdir()
        client.write_text(
            f'#!/bin/sh\ncase "$1" in version) echo {version};; buildx) exit {0 if buildx else 1};; esac\n'
        )
        client.chmod(0o755)
        paths.append(client)
    monkeypatch.setenv("PATH", ":".join(str(client.parent) for client in paths))

    assert buildkit_client() == (None if chosen is None else str(paths[chosen]))
