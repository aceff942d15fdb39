"""Removal of the local run's images, and requests to registries."""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError, ImageNotFound

from local import images
from local.docker import DockerError
from local.images import registry_digest, remove_image, remove_images


class Response:
    """The response in an error of the docker package."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code
        self.reason = "refused"


def refusal(status: int) -> APIError:
    return APIError("no", response=Response(status), explanation="refused")  # type: ignore[arg-type]


class FakeDaemon:
    """The API of a daemon with some images."""

    def __init__(self, *listed: dict[str, Any], refuses: tuple[str, ...] = ()) -> None:
        self.listed = list(listed)
        self.refuses = refuses
        self.requested: list[str] = []
        self.registry_error: Exception | None = None
        self.api = self

    def images(self, *, all: bool, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"label": "node-on-ecs"}
        assert not all
        return [image for image in self.listed if image["RepoTags"]]

    def remove_image(self, name: str) -> None:
        if name in self.refuses:
            raise refusal(409)
        for image in self.listed:
            if name in image["RepoTags"]:
                image["RepoTags"].remove(name)
                return
        raise ImageNotFound("no such image")

    def inspect_distribution(self, image: str) -> dict[str, Any]:
        self.requested.append(image)
        if self.registry_error is not None:
            raise self.registry_error
        return {"Descriptor": {"digest": "sha256:1"}}

    def close(self) -> None:
        pass


def image(*names: str, label: str = "image") -> dict[str, Any]:
    return {"Id": names[0], "Labels": {"node-on-ecs": label}, "RepoTags": list(names), "RepoDigests": None}


def test_only_names_with_the_prefix_are_removed() -> None:
    daemon = FakeDaemon(image("localhost:1/app:1", "mine:1"), image("localhost:2/app:1"))

    assert remove_images(daemon, prefix="localhost:1/") == ["localhost:1/app:1"]  # type: ignore[arg-type]


def test_the_base_is_removed_with_the_last_image() -> None:
    daemon = FakeDaemon(image("node-base:1", label="base"), image("localhost:1/app:1"))

    removed = remove_images(daemon, prefix="localhost:1/")  # type: ignore[arg-type]

    assert removed == ["localhost:1/app:1", "node-base:1"]


def test_the_base_is_kept_while_another_clone_has_images() -> None:
    daemon = FakeDaemon(image("node-base:1", label="base"), image("localhost:2/app:1"))

    assert remove_images(daemon, prefix="localhost:1/") == []  # type: ignore[arg-type]


def test_an_image_in_use_is_kept() -> None:
    daemon = FakeDaemon(image("localhost:1/app:1"), refuses=("localhost:1/app:1",))

    assert not remove_image(daemon, "localhost:1/app:1")  # type: ignore[arg-type]


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> FakeDaemon:
    fake = FakeDaemon()
    monkeypatch.setattr("local.docker.connect", lambda **_: fake)
    monkeypatch.setattr(images, "_unreachable", set())
    return fake


def test_a_registry_returns_the_digest(daemon: FakeDaemon) -> None:
    assert registry_digest("node:24") == "sha256:1"
    assert daemon.requested == ["node:24"]


@pytest.mark.parametrize("error", [refusal(500), TimeoutError()])
def test_a_silent_registry_gets_one_request(daemon: FakeDaemon, error: Exception) -> None:
    daemon.registry_error = error

    assert registry_digest("node:24") is None
    assert registry_digest("docker.io/library/node:22") is None

    assert daemon.requested == ["node:24"]


def test_a_silent_registry_does_not_affect_another_one(daemon: FakeDaemon) -> None:
    daemon.registry_error = refusal(500)
    registry_digest("node:24")
    daemon.registry_error = None

    assert registry_digest("public.ecr.aws/docker/library/node:24") == "sha256:1"


def test_a_refusal_is_an_error_with_the_image(daemon: FakeDaemon) -> None:
    daemon.registry_error = refusal(403)

    with pytest.raises(DockerError, match="refuses my/private:1"):
        registry_digest("my/private:1")
