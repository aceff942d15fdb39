"""What a service of a Compose file can write to: volumes, folders of the machine, memory."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from automation.convert.compose_file import Project
from automation.convert.copilot_containers import container_name
from automation.convert.report import Place
from automation.convert.source import Source, flag_of, items, mapping, text_of
from infra.settings.sidecars import SMALL_TMP

_SIZE: Final = re.compile(r"size=(\d+)([kmg]?)", re.IGNORECASE)
_MIB: Final = {"": 1 / 1024**2, "k": 1 / 1024, "m": 1, "g": 1024}
_USUAL: Final = 64
_SOCKET: Final = "docker.sock"
_OF_THE_IMAGE: Final = ("node_modules", ".next", ".nuxt", ".turbo", ".pnpm-store", ".yarn", ".npm")
"""Folders that a volume keeps from the folder of the machine that is mounted over the image's."""
_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 -- in the container


def add_storage(source: Source, keys: dict[str, Any], project: Project, place: Place) -> None:
    """Put volumes and folders in memory into a service's keys."""
    volumes: dict[str, Any] = {}
    tmpfs = dict(_tmpfs(source))
    mounted: list[str] = []
    for one in items(source.get("volumes")):
        kind, name, path, read_only = _mount(one)
        if kind == "tmpfs":
            tmpfs[path] = _USUAL
        elif path.rstrip("/").endswith(_OF_THE_IMAGE) or not path:
            continue
        elif kind == "volume":
            ours = container_name(name or path)[:32].strip("-")
            volumes[ours] = {
                "path": path.rstrip("/"),
                **({"read-only": True} if read_only else {}),
                "efs": {},
            }
            if name in project.volumes and text_of(project.volumes[name].get("external")) == "true":
                place.do(f"volumes.{name}", "is there already: copy its files into the new file system")
        elif _SOCKET in name:
            place.missing("volumes", f"{name}: there is no Docker to talk to on Fargate")
        else:
            mounted.append(f"{name}:{path}")
    _note(mounted, volumes, place)
    if volumes:
        keys["volumes"] = volumes
    source.get("read_only")
    if source.get("shm_size") is not None:
        tmpfs[_SHARED_MEMORY] = _USUAL
    if tmpfs:
        keys["tmpfs"] = {**SMALL_TMP, **tmpfs}


def _note(mounted: list[str], volumes: Mapping[str, Any], place: Place) -> None:
    if mounted:
        place.missing(
            "volumes",
            f"{', '.join(mounted)}: folders of this machine are not there. What the app needs is `COPY`ed"
            " into the image, what it keeps goes into `volumes`",
        )
    if volumes:
        place.differs(
            "volumes",
            f"{', '.join(volumes)}: an empty EFS file system, which all tasks share; a database does not"
            " belong on it",
        )


def _mount(value: object) -> tuple[str, str, str, bool]:
    """Return kind, source, path in the container, and whether it can only be read."""
    said = mapping(value)
    if said:
        kind = text_of(said.get("type")) or "volume"
        name, path = text_of(said.get("source")) or "", text_of(said.get("target")) or ""
        return kind, name, path, flag_of(said.get("read_only")) is True
    text = text_of(value) or ""
    # A Windows path has a colon after its drive.
    drive = text[:2] if re.match(r"[A-Za-z]:[\\/]", text) else ""
    parts = text.removeprefix(drive).split(":")
    parts[0] = f"{drive}{parts[0]}"
    if len(parts) == 1:
        return "volume", "", parts[0], False
    name, path, *options = parts
    kind = "bind" if drive or name.startswith((".", "/", "~", "$")) else "volume"
    return kind, name, path, "ro" in ",".join(options).split(",")


def _tmpfs(source: Source) -> dict[str, int]:
    found: dict[str, int] = {}
    for text in source.texts("tmpfs"):
        path, _, options = text.partition(":")
        size = _SIZE.search(options)
        mib = int(int(size[1]) * _MIB[size[2].lower()]) if size else _USUAL
        found[path.rstrip("/")] = max(mib, 1)
    return found
