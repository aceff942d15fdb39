"""Containers that run their app from a folder of this machine while `dev` runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

from local.emulated.containers import Definition
from local.live import notes

_SUPERVISOR: Final = (Path(notes.__file__).with_name("supervisor.cjs")).read_text("utf-8")
_OPTIONS: Final = "NODE_OPTIONS"
_APP_OPTIONS: Final = "NODE_ON_ECS_NODE_OPTIONS"


def live_keywords(
    client: Any, definition: Definition, keywords: Mapping[str, Any], *, restarts: bool
) -> dict[str, Any]:
    """Return the keywords of docker's `run` that differ for an image that runs from a folder.

    Args:
        client: of the daemon.
        definition: of the container.
        keywords: the other keywords.
        restarts: whether the app is restarted when a file changes; otherwise it runs until it exits.
    """
    current = notes.Notes.from_environment()
    _, _, digest = str(definition["image"]).partition("@")
    live = current.images().get(digest) if current else None
    if live is None:
        return {}
    volumes: list[str] = keywords.get("volumes") or []
    _make_mount_points(live, [*(volume.split(":")[1] for volume in volumes), *(keywords.get("tmpfs") or ())])
    changed: dict[str, Any] = {"volumes": [*volumes, f"{live.folder}:{live.workdir}:ro,z"]}
    if restarts:
        config: Mapping[str, Any] = client.api.inspect_image(definition["image"])["Config"]
        changed |= _supervised(config, keywords)
        changed["labels"] = {**keywords["labels"], notes.LABEL: live.folder}
    return changed


def _make_mount_points(live: notes.Live, paths: Iterable[str]) -> None:
    """Create mount points in the folder, as Docker cannot below a read-only mount."""
    for path in map(PurePosixPath, paths):
        if path.is_relative_to(live.workdir):
            Path(live.folder, path.relative_to(live.workdir)).mkdir(parents=True, exist_ok=True)


def _supervised(config: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that run a container's command under the supervisor.

    Args:
        config: of the image.
        keywords: of docker's `run`.
    """
    entrypoint: list[str] | None = keywords.get("entrypoint")
    # With an entry point in the definition Docker ignores the image's command.
    command: list[str] = keywords.get("command") or ([] if entrypoint else config.get("Cmd") or [])
    variables: dict[str, str] = dict(keywords.get("environment") or {})
    of_image = dict(variable.split("=", 1) for variable in config.get("Env") or ())
    # Only the app gets them: a debugger's port can be opened once.
    if options := variables.get(_OPTIONS, of_image.get(_OPTIONS, "")):
        variables |= {_OPTIONS: "", _APP_OPTIONS: options}
    return {
        "entrypoint": ["node", "-e", _SUPERVISOR, "--"],
        "command": [*(entrypoint or config.get("Entrypoint") or ()), *command],
        "environment": variables,
        "init": True,
    }
