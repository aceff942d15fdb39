"""Images in the Docker daemon and in registries: pushed, pulled, looked up, removed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Final, cast

import docker
from docker.errors import APIError, DockerException, ImageNotFound
from docker.utils import parse_repository_tag

from local.docker import LABEL, DockerError, connect, engine

Progress = Callable[[str], None]

_REGISTRY_SECONDS: Final = 4
_CONFLICT: Final = 409
_SERVER_ERROR: Final = 500

_unreachable: set[str] = set()
_asking = threading.Lock()


def push(tag: str, *, username: str, password: str) -> str:
    """Push `tag` and return its digest.

    Raises:
        DockerError: the registry refused it.
    """
    client = connect()
    repository, _, version = tag.rpartition(":")
    login = {"username": username, "password": password}
    digest = ""
    try:
        lines: Any = engine(client).push(repository, tag=version, stream=True, decode=True, auth_config=login)
        for line in cast("list[dict[str, Any]]", lines):
            if "error" in line:
                raise DockerError(f"cannot push {tag}: {line['error']}")
            told: dict[str, Any] = line.get("aux") or {}
            digest = str(told.get("Digest", digest))
    except DockerException as error:
        raise DockerError(f"cannot push {tag}: {error}") from error
    finally:
        client.close()
    if not digest:
        raise DockerError(f"cannot push {tag}: Docker told no digest, so the registry may not have it")
    return digest


def pull(client: docker.DockerClient, image: str, progress: Progress) -> None:
    """Pull `image`.

    Raises:
        DockerError: the registry refused it.
    """
    progress(f"pulling {image}")
    repository, tag = parse_repository_tag(image)
    try:
        for line in engine(client).pull(repository, tag=tag or "latest", stream=True, decode=True):
            if "error" in line:
                raise DockerError(f"cannot pull {image}: {line['error']}")
    except DockerException as error:
        raise DockerError(f"cannot pull {image}: {error}") from error


def is_local(client: docker.DockerClient, image: str) -> bool:
    """Whether the daemon has `image`."""
    try:
        engine(client).inspect_image(image)
    except ImageNotFound:
        return False
    except (DockerException, OSError) as error:
        raise DockerError(f"cannot look for image {image}: {error}") from error
    return True


def with_label(client: docker.DockerClient, name: str, value: str) -> str | None:
    """Return the id of an image that carries this label, None if there is none."""
    try:
        found: list[dict[str, Any]] = engine(client).images(filters={"label": f"{name}={value}"})
    except (DockerException, OSError) as error:
        raise DockerError(f"cannot look for an image with label {name}={value}: {error}") from error
    return str(found[0]["Id"]) if found else None


def registry_digest(image: str) -> str | None:
    """Return the digest that the registry of `image` has for it, None where it does not answer in seconds.

    A registry that did not answer is not asked again in this run.

    Raises:
        DockerError: no daemon, or the registry does not have the image.
    """
    registry = _registry(image)
    with _asking:
        if registry in _unreachable:
            return None
        client = connect(timeout=_REGISTRY_SECONDS)
        try:
            return str(engine(client).inspect_distribution(image)["Descriptor"]["digest"])
        except APIError as error:
            # The daemon wraps a registry's refusal; what it cannot reach is a server error.
            if error.status_code is not None and error.status_code < _SERVER_ERROR:
                raise DockerError(f"the registry does not give {image}: {error.explanation}") from error
            _unreachable.add(registry)
            return None
        except (DockerException, OSError):
            _unreachable.add(registry)
            return None
        finally:
            client.close()


def remove_images(client: docker.DockerClient, *, prefix: str = "") -> list[str]:
    """Remove the images that the local run made, and return their names.

    The base image goes with the last of them: other checkouts of the project build on it too.

    Args:
        client: the daemon.
        prefix: remove only those whose name begins with it, such as `localhost:4566/`.
    """
    removed = [
        name
        for image in _ours(client)
        if not _is_base(image)
        for name in _names(image, prefix)
        if remove_image(client, name)
    ]
    left = _ours(client)
    if all(_is_base(image) for image in left):
        removed += [name for image in left for name in _names(image, "") if remove_image(client, name)]
    return removed


def _ours(client: docker.DockerClient) -> list[dict[str, Any]]:
    return engine(client).images(all=False, filters={"label": LABEL})


def remove_image(client: docker.DockerClient, name: str) -> bool:
    """Remove one name of an image, and the image with its last one; return whether it was there and free."""
    try:
        engine(client).remove_image(name)
    except ImageNotFound:
        return False
    except APIError as error:
        if error.status_code == _CONFLICT:
            return False
        raise DockerError(f"cannot remove image {name}: {error.explanation}") from error
    return True


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
