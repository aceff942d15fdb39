"""Pushes, pulls, inspects and removes images."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import parse_repository_tag

from local.docker import LABEL, DockerError, docker_engine, engine

Progress = Callable[[str], None]

_CALL_SECONDS: Final = 120
_REGISTRY_SECONDS: Final = 4
_CONFLICT: Final = 409
_SERVER_ERROR: Final = 500

_unreachable: set[str] = set()
_registry_lock = threading.Lock()


def push(tag: str, *, username: str, password: str) -> str:
    """Push `tag` and return its digest.

    Raises:
        DockerError: the registry refuses it.
    """
    repository, _, version = tag.rpartition(":")
    login = {"username": username, "password": password}
    digest = ""
    with docker_engine(f"push {tag}") as api:
        lines = api.push(repository, tag=version, stream=True, decode=True, auth_config=login)
        for line in reported(lines, f"push {tag}"):
            result: dict[str, Any] = line.get("aux") or {}
            digest = str(result.get("Digest", digest))
    if not digest:
        raise DockerError(
            f"cannot push {tag}: Docker reports no digest, so the registry may not have it; run this again"
        )
    return digest


def pull(image: str, progress: Progress) -> None:
    """Pull `image`.

    Raises:
        DockerError: the registry refused it.
    """
    progress(f"pulling {image}")
    repository, tag = parse_repository_tag(image)
    with docker_engine(f"pull {image}") as api:
        for _ in reported(
            api.pull(repository, tag=tag or "latest", stream=True, decode=True), f"pull {image}"
        ):
            pass


def reported(lines: Iterable[dict[str, Any]], action: str) -> Iterator[dict[str, Any]]:
    """Yield the daemon's progress reports.

    Raises:
        DockerError: it reports an error.
    """
    for line in lines:
        if "error" in line:
            raise DockerError(f"cannot {action}: {line['error']}")
        yield line


def is_local(image: str) -> bool:
    """Whether the daemon has `image`."""
    return local_image(image) is not None


def local_image(image: str) -> dict[str, Any] | None:
    """Return the daemon's description of an image; None if it does not have the image."""
    with docker_engine(f"look for image {image}") as api:
        try:
            return api.inspect_image(image)
        except ImageNotFound:
            return None


def registry_digest(image: str) -> str | None:
    """Return the digest of `image` in its registry; None if the registry does not answer within seconds.

    A registry that did not answer gets no further request in this run.

    Raises:
        DockerError: no daemon answers, or the registry does not have the image.
    """
    registry = _registry(image)
    with _registry_lock:
        if registry in _unreachable:
            return None
        with docker_engine(f"look for {image} in its registry", timeout=_REGISTRY_SECONDS) as api:
            try:
                return str(api.inspect_distribution(image)["Descriptor"]["digest"])
            except APIError as error:
                # A registry's refusal is a client error; a registry that is silent is a server error.
                if error.status_code is not None and error.status_code < _SERVER_ERROR:
                    raise DockerError(f"the registry refuses {image}: {error.explanation}") from error
            except (DockerException, OSError):
                pass
        _unreachable.add(registry)
        return None


def remove_images(client: docker.DockerClient, *, prefix: str = "") -> list[str]:
    """Remove the local run's images whose names start with `prefix`, and return their names.

    The base image is removed with the last image, since other clones build on it, too.
    """
    removed = [
        name
        for image in _own_images(client)
        if not _is_base(image)
        for name in _names(image, prefix)
        if remove_image(client, name)
    ]
    remaining = _own_images(client)
    if all(_is_base(image) for image in remaining):
        removed += [name for image in remaining for name in _names(image, "") if remove_image(client, name)]
    return removed


def remove_image(client: docker.DockerClient, name: str) -> bool:
    """Remove one name of an image, and the image with its last name; return whether it was removed."""
    try:
        engine(client).remove_image(name)
    except ImageNotFound:
        return False
    except APIError as error:
        if error.status_code == _CONFLICT:
            return False
        raise DockerError(f"cannot remove image {name}: {error.explanation}") from error
    return True


def _own_images(client: docker.DockerClient) -> list[dict[str, Any]]:
    return engine(client).images(all=False, filters={"label": LABEL})


def _is_base(image: dict[str, Any]) -> bool:
    return bool(image["Labels"].get(LABEL) == "base")


def _names(image: dict[str, Any], prefix: str) -> list[str]:
    listed: list[str] = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    names = [name for name in listed if not name.startswith("<none>")]
    if not names:
        return [str(image["Id"])]
    return [name for name in names if name.startswith(prefix)]


def _registry(image: str) -> str:
    first, _, rest = image.partition("/")
    return first if rest and ("." in first or ":" in first or first == "localhost") else "docker.io"
