"""Docker volumes that stand for what tasks store."""

from __future__ import annotations

from typing import Final

from local.docker import answers, docker_engine

FILE_SYSTEM: Final = "node-on-ecs.file-system"
"""Label of the volumes of an EFS file system, with its id."""


def remove_volumes(label: str) -> None:
    """Remove all volumes with a label, written `name=value`; without a daemon there are none.

    Raises:
        DockerError: one cannot be removed.
    """
    if not answers():
        return
    with docker_engine(f"remove the volumes with label {label}") as api:
        for volume in api.volumes(filters={"label": [label]})["Volumes"] or ():
            api.remove_volume(volume["Name"])
