"""Docker volumes in place of file systems, folders of an instance, and task volumes."""

from __future__ import annotations

import io
import re
import tarfile
from collections.abc import Mapping
from typing import Any, Final

from local.docker import answers, docker_engine
from local.emulated import instance, ministack, own_labels

FILE_SYSTEM: Final = "node-on-ecs.file-system"
"""Label of the volumes of an EFS file system, with its id."""
TASK: Final = "node-on-ecs.task"
"""Label of the volumes that are removed with a task, with its ARN."""
_MOUNTED: Final = "/volume"


def binds(
    client: Any, definition: Mapping[str, Any], container: Mapping[str, Any], task_arn: str
) -> list[str]:
    """Return the mounts of a container for docker's `run`, and create missing volumes."""
    volumes = {volume["name"]: volume for volume in definition.get("volumes") or ()}
    mounts: list[str] = []
    for mount in container.get("mountPoints") or ():
        if (volume := volumes.get(mount.get("sourceVolume"))) and mount.get("containerPath"):
            name = _volume(client, volume, container["image"], task_arn)
            mounts.append(f"{name}:{mount['containerPath']}:{'ro' if mount.get('readOnly') else 'rw'}")
    return mounts


def _volume(client: Any, volume: Mapping[str, Any], image: str, task_arn: str) -> str:
    labels, owner = own_labels(), None
    host: Mapping[str, str] = volume.get("host") or {}
    if efs := volume.get("efsVolumeConfiguration"):
        labels[FILE_SYSTEM] = efs["fileSystemId"]
        path, owner = _root(efs)
        name = f"{instance()}-{efs['fileSystemId']}{path}"
    elif path := host.get("sourcePath"):
        name = f"{instance()}-machine{path}"
    else:
        labels[TASK] = task_arn
        name = f"{task_arn.rpartition('/')[2]}-{volume['name']}"
    name = re.sub(r"[^\w.-]", "-", name.rstrip("/"))
    if not any(
        existing["Name"] == name for existing in client.api.volumes(filters={"name": name})["Volumes"] or ()
    ):
        client.volumes.create(name, labels=labels)
        if owner:
            _set_owner(client, name, owner, image)
    return name


def _root(efs: Mapping[str, Any]) -> tuple[str, Mapping[str, Any] | None]:
    """Return the folder of a file system that a task mounts, and the owner with which EFS creates it."""
    authorization: Mapping[str, str] = efs.get("authorizationConfig") or {}
    if (point := authorization.get("accessPointId")) is None:
        return efs.get("rootDirectory") or "/", None
    root = ministack("services.efs")._access_points[point]["RootDirectory"]
    return root.get("Path") or "/", root.get("CreationInfo")


def _set_owner(client: Any, name: str, owner: Mapping[str, Any], image: str) -> None:
    """Set the owner of a volume's folder to an access point's, through a container that never starts."""
    from docker.errors import ImageNotFound

    folder = tarfile.TarInfo(_MOUNTED.removeprefix("/"))
    folder.type, folder.uid, folder.gid = tarfile.DIRTYPE, owner["OwnerUid"], owner["OwnerGid"]
    folder.mode = int(str(owner["Permissions"]), 8)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(folder)
    volumes = [f"{name}:{_MOUNTED}"]
    try:
        container = client.containers.create(image, "none", volumes=volumes)
    except ImageNotFound:
        client.images.pull(image)
        container = client.containers.create(image, "none", volumes=volumes)
    try:
        container.put_archive("/", archive.getvalue())
    finally:
        container.remove()


def remove_volumes(label: str) -> None:
    """Remove all volumes with a label, written `name=value`, and the containers that use them.

    Raises:
        DockerError: one cannot be removed.
    """
    if not answers():
        return
    with docker_engine(f"remove the volumes with label {label}") as api:
        for volume in api.volumes(filters={"label": [label]})["Volumes"] or ():
            for container in api.containers(all=True, filters={"volume": volume["Name"]}):
                api.remove_container(container["Id"], v=True, force=True)
            api.remove_volume(volume["Name"])
