"""Base images of a Dockerfile, their replacements without a registry, and the client that builds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from local import image_build
from local.docker import DockerError
from local.image_build import Build, bases, buildkit_client

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFICIAL = "node:24-slim@sha256:" + "a" * 64
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
        build["build_args"] = job.build_args
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


def test_without_a_registry_the_local_base_replaces_the_default_of_node_image(
    built: dict[str, Any], tmp_path: Path
) -> None:
    quiet(context(tmp_path), {"VERSION": "7"})

    assert built["build_args"] == {"VERSION": "7", "NODE_IMAGE": "node-on-ecs/node-base:1"}


def test_with_a_registry_the_official_base_is_pulled(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "registry_digest", lambda _: "sha256:" + "a" * 64)

    quiet(context(tmp_path))

    assert built["pulled"] == [OFFICIAL]
    assert built["build_args"] == {}


def test_if_the_registry_refuses_the_official_base_the_local_base_replaces_it(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_image: str) -> str:
        raise DockerError("the registry does not give it: too many requests")

    monkeypatch.setattr(image_build, "registry_digest", refuse)
    lines: list[str] = []

    Build(context(tmp_path), tag="app:1", progress=lines.append).run()

    assert built["build_args"] == {"NODE_IMAGE": "node-on-ecs/node-base:1"}
    assert "too many requests" in lines[0]


def test_a_base_in_the_daemon_is_used_without_a_registry(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "is_local", lambda _: True)
    monkeypatch.setattr(image_build, "registry_digest", lambda _: pytest.fail("a request to the registry"))

    quiet(context(tmp_path))

    assert built["build_args"] == {}


@pytest.mark.parametrize("image", ["my/node:1", OFFICIAL])
def test_a_base_in_the_users_build_argument_is_never_replaced(
    built: dict[str, Any], tmp_path: Path, image: str
) -> None:
    with pytest.raises(DockerError, match=f"base image {image} is not available"):
        quiet(context(tmp_path), {"NODE_IMAGE": image})

    assert "build_args" not in built


def test_a_base_other_than_node_is_an_error_that_says_what_to_do(
    built: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(DockerError, match=r"`ARG NODE_IMAGE=oven/bun:1`"):
        quiet(context(tmp_path, "FROM oven/bun:1\n"))

    assert "build_args" not in built


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
    assert built["build_args"] == {}


def test_an_edited_dockerfile_keeps_its_ignore_file(built: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("secret.txt\n")

    quiet(context(tmp_path, "FROM node:24\n"))

    assert built["files"] == ["Dockerfile", "Dockerfile.dockerignore"]


def test_an_unavailable_frontend_is_replaced_by_the_builders_own(
    built: dict[str, Any], tmp_path: Path
) -> None:
    lines: list[str] = []
    folder = context(tmp_path, "# syntax=docker/dockerfile:1\nFROM scratch\n")

    Build(folder, tag="app:1", progress=lines.append).run()

    assert built["dockerfile"] == "FROM scratch\n"
    assert lines == [
        "docker/dockerfile:1 is not available, its registry cannot be reached: the builder's own frontend is used"
    ]


def test_an_available_frontend_is_kept(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "registry_digest", lambda _: "sha256:" + "a" * 64)
    dockerfile = "# syntax=docker/dockerfile:1\nFROM scratch\n"

    quiet(context(tmp_path, dockerfile))

    assert built["dockerfile"] == dockerfile
    assert built["pulled"] == []


def test_a_failed_step_on_a_replaced_base_says_what_that_base_lacks(tmp_path: Path) -> None:
    job = Build(tmp_path, tag="app:1", replacements={"node:24-alpine": "base:1", "docker/dockerfile:1": ""})
    output = image_build._Output(job)

    text = str(output.failure())

    assert text.endswith(
        "base:1 replaced node:24-alpine, which is not available here: it has npm, yarn and pnpm, but no "
        "apt-get, apk or compiler"
    )
    assert "docker/dockerfile" not in text


def test_scratch_needs_no_base(built: dict[str, Any], tmp_path: Path) -> None:
    quiet(context(tmp_path, "FROM scratch\nCOPY . .\n"))

    assert built["build_args"] == {}


def test_a_base_that_is_removed_meanwhile_is_built_again(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builds: list[int] = []

    def classic(_job: Any) -> str:
        builds.append(len(builds))
        if len(builds) == 1:
            raise DockerError("pull access denied for node-on-ecs/node-base")
        return "sha256:2"

    monkeypatch.setattr(image_build, "_classic", classic)

    assert quiet(context(tmp_path)) == "sha256:2"
    assert "pulled" in built


def test_a_failed_build_is_not_repeated(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "is_local", lambda _: True)
    builds: list[int] = []

    def classic(_job: Any) -> str:
        builds.append(len(builds))
        raise DockerError("a step failed")

    monkeypatch.setattr(image_build, "_classic", classic)

    with pytest.raises(DockerError, match="a step failed"):
        quiet(context(tmp_path))
    assert len(builds) == 1
    assert built["pulled"] == []


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
