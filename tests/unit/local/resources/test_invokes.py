"""Provider functions that need no emulator."""

from __future__ import annotations

from typing import Any

import pytest

from local import images
from local.resources.base import ResourceError
from local.resources.invokes import get_registry_image

CLOUD: Any = None
PULLED = "sha256:" + "a" * 64


@pytest.fixture(autouse=True)
def _without_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction] -- pytest uses it
    monkeypatch.setattr(images, "registry_digest", lambda _: None)


@pytest.mark.parametrize(
    ("local", "advice"),
    [
        (None, "`docker pull` it beforehand"),
        ({"RepoDigests": []}, "a Dockerfile that says `FROM redis:7`"),
    ],
)
def test_an_image_without_a_digest_is_an_error_with_advice(
    monkeypatch: pytest.MonkeyPatch, local: dict[str, Any] | None, advice: str
) -> None:
    monkeypatch.setattr(images, "local_image", lambda _: local)

    with pytest.raises(ResourceError, match=r"image redis:7 .*be reached") as refused:
        get_registry_image(CLOUD, {"name": "redis:7"})

    assert advice in str(refused.value)


def test_a_pulled_image_has_its_repository_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "local_image", lambda _: {"RepoDigests": [f"redis@{PULLED}"]})

    assert get_registry_image(CLOUD, {"name": "redis:7"})["sha256Digest"] == PULLED
