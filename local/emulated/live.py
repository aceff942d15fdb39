"""Containers whose app runs from a folder of this machine, where `dev` says so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local.emulated.containers import Definition
from local.live import notes

_SUPERVISOR: Final = (Path(notes.__file__).with_name("supervisor.cjs")).read_text("utf-8")
_OPTIONS: Final = "NODE_OPTIONS"
_KEPT_OPTIONS: Final = "NODE_ON_ECS_NODE_OPTIONS"


def live_keywords(
    client: Any, definition: Definition, keywords: Mapping[str, Any], *, restarts: bool
) -> dict[str, Any]:
    """Return the keywords of docker's `run` that differ where an image runs from a folder.

    Args:
        client: of the daemon.
        definition: of the container.
        keywords: those that there are.
        restarts: whether the app is started again when a file changes; else it runs to its end.
    """
    told = notes.Notes.told()
    _, _, digest = str(definition["image"]).partition("@")
    live = told.images().get(digest) if told else None
    if live is None:
        return {}
    mount = f"{live.folder}:{live.workdir}:ro,z"
    changed: dict[str, Any] = {"volumes": [*(keywords.get("volumes") or ()), mount]}
    if restarts:
        config: Mapping[str, Any] = client.api.inspect_image(definition["image"])["Config"]
        changed |= _supervised(config, keywords)
        changed["labels"] = {**keywords["labels"], notes.LABEL: live.folder}
    return changed


def _supervised(config: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that run a container's command below the supervisor.

    Args:
        config: of the image.
        keywords: of docker's `run`.
    """
    entrypoint: list[str] | None = keywords.get("entrypoint")
    # An entry point of the task's own takes the image's command away, too.
    command: list[str] = keywords.get("command") or ([] if entrypoint else config.get("Cmd") or [])
    variables: dict[str, str] = dict(keywords.get("environment") or {})
    of_image = dict(one.split("=", 1) for one in config.get("Env") or ())
    # They are the app's: a debugger's port can be taken once.
    if options := variables.get(_OPTIONS, of_image.get(_OPTIONS, "")):
        variables |= {_OPTIONS: "", _KEPT_OPTIONS: options}
    return {
        "entrypoint": ["node", "-e", _SUPERVISOR, "--"],
        "command": [*(entrypoint or config.get("Entrypoint") or ()), *command],
        "environment": variables,
        "init": True,
    }
