"""Which base images a Dockerfile begins from, what takes their place, and which client builds."""

from __future__ import annotations

import os
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
    """A daemon that has nothing and closes quietly."""

    def close(self) -> None:
        pass


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What reached the builder; no image is here and no registry answers."""
    seen: dict[str, Any] = {"pulled": []}
    monkeypatch.setattr(image_build, "connect", FakeClient)
    monkeypatch.setattr(image_build, "is_local", lambda _: False)
    monkeypatch.setattr(image_build, "registry_digest", lambda _: None)
    monkeypatch.setattr(image_build, "pull", lambda image, _progress: seen["pulled"].append(image))
    monkeypatch.setattr(image_build, "base_image", lambda *_: "node-on-ecs/node-base:1")
    monkeypatch.setattr(image_build, "buildkit_client", lambda: None)

    def classic(job: Any) -> str:
        seen["build_args"] = job.build_args
        with image_build._dockerfile(job) as file:
            seen["dockerfile"] = file.read_text()
            seen["files"] = sorted(found.name for found in file.parent.iterdir())
        return "sha256:1"

    monkeypatch.setattr(image_build, "_classic", classic)
    return seen


def context(folder: Path, dockerfile: str = DOCKERFILE) -> Path:
    (folder / "Dockerfile").write_text(dockerfile)
    return folder


def quiet(folder: Path, build_args: Mapping[str, str] | None = None) -> str:
    return Build(folder, tag="app:1", build_args=build_args or {}, progress=lambda _: None).run()


def test_without_a_registry_a_base_made_here_takes_the_official_ones_place(
    built: dict[str, Any], tmp_path: Path
) -> None:
    quiet(context(tmp_path), {"VERSION": "7"})

    assert built["build_args"] == {"VERSION": "7", "NODE_IMAGE": "node-on-ecs/node-base:1"}


def test_with_a_registry_the_official_base_is_pulled_and_stays(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "registry_digest", lambda _: "sha256:" + "a" * 64)

    quiet(context(tmp_path))

    assert built["pulled"] == [OFFICIAL]
    assert built["build_args"] == {}


def test_a_registry_that_refuses_the_official_base_is_no_obstacle(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_image: str) -> str:
        raise DockerError("the registry does not give it: too many requests")

    monkeypatch.setattr(image_build, "registry_digest", refuse)
    lines: list[str] = []

    Build(context(tmp_path), tag="app:1", progress=lines.append).run()

    assert built["build_args"] == {"NODE_IMAGE": "node-on-ecs/node-base:1"}
    assert "too many requests" in lines[0]


def test_a_base_that_is_here_is_not_asked_for(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "is_local", lambda _: True)
    monkeypatch.setattr(image_build, "registry_digest", lambda _: pytest.fail("the registry was asked"))

    quiet(context(tmp_path))

    assert built["build_args"] == {}


@pytest.mark.parametrize("image", ["my/node:1", OFFICIAL])
def test_a_base_that_was_asked_for_by_name_is_never_exchanged(
    built: dict[str, Any], tmp_path: Path, image: str
) -> None:
    with pytest.raises(DockerError, match=f"base image {image} is not available"):
        quiet(context(tmp_path), {"NODE_IMAGE": image})

    assert "build_args" not in built


def test_a_base_other_than_node_is_told_how_to_have_it(built: dict[str, Any], tmp_path: Path) -> None:
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
def test_a_dockerfile_that_names_nodes_official_image_is_built_on_the_base_made_here(
    built: dict[str, Any], tmp_path: Path, dockerfile: str, expected: str
) -> None:
    quiet(context(tmp_path, dockerfile))

    assert built["dockerfile"] == expected.replace("base", "node-on-ecs/node-base:1")
    assert (tmp_path / "Dockerfile").read_text() == dockerfile
    assert built["build_args"] == {}


def test_a_dockerfile_on_another_base_keeps_what_is_not_sent(built: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text("secret.txt\n")

    quiet(context(tmp_path, "FROM node:24\n"))

    assert built["files"] == ["Dockerfile", "Dockerfile.dockerignore"]


def test_a_frontend_that_cannot_be_had_gives_way_to_the_builders_own(
    built: dict[str, Any], tmp_path: Path
) -> None:
    lines: list[str] = []
    folder = context(tmp_path, "# syntax=docker/dockerfile:1\nFROM scratch\n")

    Build(folder, tag="app:1", progress=lines.append).run()

    assert built["dockerfile"] == "FROM scratch\n"
    assert lines == [
        "docker/dockerfile:1 is not available, its registry cannot be reached: the builder's own frontend is used"
    ]


def test_a_frontend_that_can_be_had_stays(
    built: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_build, "registry_digest", lambda _: "sha256:" + "a" * 64)
    dockerfile = "# syntax=docker/dockerfile:1\nFROM scratch\n"

    quiet(context(tmp_path, dockerfile))

    assert built["dockerfile"] == dockerfile
    assert built["pulled"] == []


def test_a_step_that_fails_on_another_base_says_what_that_base_lacks(tmp_path: Path) -> None:
    job = Build(tmp_path, tag="app:1", exchanged={"node:24-alpine": "base:1", "docker/dockerfile:1": ""})
    output = image_build._Output(job)

    text = str(output.failure())

    assert text.endswith(
        "base:1 replaced node:24-alpine, which is not available here: it has npm, yarn and pnpm, but no "
        "apt-get, apk or compiler"
    )
    assert "docker/dockerfile" not in text


def test_a_dockerfile_from_scratch_needs_no_base(built: dict[str, Any], tmp_path: Path) -> None:
    quiet(context(tmp_path, "FROM scratch\nCOPY . .\n"))

    assert built["build_args"] == {}


def test_a_base_that_was_taken_away_meanwhile_is_made_again(
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


def test_a_build_that_fails_by_itself_is_not_repeated(
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


def test_a_missing_dockerfile_is_named(tmp_path: Path) -> None:
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
def test_base_images_are_those_that_no_stage_makes(dockerfile: str, expected: list[str]) -> None:
    assert bases(dockerfile, {"NODE_IMAGE": "chosen"}) == expected


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty PATH to put clients on."""
    monkeypatch.setenv("PATH", "")
    buildkit_client.cache_clear()
    yield tmp_path
    buildkit_client.cache_clear()


def put_client(
    path: Path, monkeypatch: pytest.MonkeyPatch, folder: str, version: str, *, buildx: bool
) -> Path:
    client = path / folder / "docker"
    client.parent.mkdir()
    client.write_text(
        f'#!/bin/sh\ncase "$1" in version) echo {version};; buildx) exit {0 if buildx else 1};; esac\n'
    )
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{os.environ['PATH']}:{client.parent}".strip(":"))
    return client


def test_a_client_without_buildx_gives_way_to_one_that_can(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_client(path, monkeypatch, "new", "28.2.2", buildx=False)
    old = put_client(path, monkeypatch, "old", "20.10.24+dfsg1", buildx=False)

    assert buildkit_client() == str(old)


def test_the_first_client_with_buildx_is_taken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = put_client(path, monkeypatch, "new", "28.2.2", buildx=True)
    put_client(path, monkeypatch, "old", "20.10.24", buildx=False)

    assert buildkit_client() == str(new)


def test_without_a_client_that_can_there_is_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_client(path, monkeypatch, "new", "28.2.2", buildx=False)

    assert buildkit_client() is None
