"""Where a service of a Compose file can write: volumes, folders of the machine, memory."""

from __future__ import annotations

import re
from typing import Any, Final

from automation.convert.compose_file import Project
from automation.convert.draft import Draft, short_name
from automation.convert.source import flag_of, mapping, text_of
from infra.settings.sidecars import SMALL_TMP

_SIZE: Final = re.compile(r"size=(\d+)([kmg]?)", re.IGNORECASE)
_MIB: Final = {"": 1 / 1024**2, "k": 1 / 1024, "m": 1, "g": 1024}
_DEFAULT_MIB: Final = 64
_DOCKER_SOCKET: Final = "docker.sock"
_OF_THE_IMAGE: Final = ("node_modules", ".next", ".nuxt", ".turbo", ".pnpm-store", ".yarn", ".npm")
"""Folders of the image that a volume protects from the folder of the machine mounted around them."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 -- in the container
_LONGEST_NAME: Final = 32


def set_volumes(service: Draft, project: Project) -> None:
    """Set a service's volumes and its folders in memory."""
    report, volumes, tmpfs = service.report, dict[str, Any](), _tmpfs(service)
    folders: list[str] = []
    for item in service.items("volumes"):
        kind, name, path, is_read_only = _mount(item)
        if kind == "tmpfs":
            tmpfs[path] = _DEFAULT_MIB
        elif not path or path.rstrip("/").endswith(_OF_THE_IMAGE):
            continue
        elif kind == "volume":
            read_only = {"read-only": True} if is_read_only else {}
            volumes[short_name(name or path, _LONGEST_NAME)] = {
                "path": path.rstrip("/"),
                **read_only,
                "efs": {},
            }
            if text_of(project.volumes.get(name, {}).get("external")) == "true":
                report.todo(f"volumes.{name}", "exists already: copy its files into the new file system")
        elif _DOCKER_SOCKET in name:
            report.missing("volumes", f"{name}: Fargate has no Docker socket")
        else:
            folders.append(f"{name}:{path}")
    if folders:
        report.missing(
            "volumes",
            f"{', '.join(folders)}: folders of this machine do not exist there. `COPY` the files that the app"
            " needs into the image, and keep its data in `volumes`",
        )
    if volumes:
        report.differs(
            "volumes",
            f"{', '.join(volumes)}: an empty EFS file system that all tasks share; do not keep a database on"
            " it",
        )
        service.keys["volumes"] = volumes
    if tmpfs:
        service.keys["tmpfs"] = {**SMALL_TMP, **tmpfs}


def _tmpfs(service: Draft) -> dict[str, int]:
    """Return the sizes of folders in memory, in MiB."""
    tmpfs: dict[str, int] = {}
    for text in service.texts("tmpfs"):
        path, _, options = text.partition(":")
        size = _SIZE.search(options)
        mib = int(int(size[1]) * _MIB[size[2].lower()]) if size else _DEFAULT_MIB
        tmpfs[path.rstrip("/")] = max(mib, 1)
    if service.get("shm_size") is not None:
        tmpfs[_SHARED_MEMORY] = _DEFAULT_MIB
    return tmpfs


def _mount(value: object) -> tuple[str, str, str, bool]:
    """Return kind, source, path in the container, and whether it is read-only."""
    if fields := mapping(value):
        kind, name, path = (text_of(fields.get(field)) or "" for field in ("type", "source", "target"))
        return kind or "volume", name, path, flag_of(fields.get("read_only")) is True
    text = text_of(value) or ""
    # A Windows path has a colon after its drive.
    drive = text[:2] if re.match(r"[A-Za-z]:[\\/]", text) else ""
    name, *rest = text.removeprefix(drive).split(":")
    if not rest:
        return "volume", "", f"{drive}{name}", False
    path, *options = rest
    kind = "bind" if drive or name.startswith((".", "/", "~", "$")) else "volume"
    return kind, f"{drive}{name}", path, "ro" in ",".join(options).split(",")
