"""Translates container definitions for Docker, and orders the containers of a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

Definition = Mapping[str, Any]
"""A container definition, as ECS describes it."""

_ENDS: Final = ("COMPLETE", "SUCCESS")
"""Conditions of a dependency that wait for the end of a container."""
_NANOSECONDS: Final = 1_000_000_000
_SAME: Final = {
    "entryPoint": "entrypoint", "hostname": "hostname", "interactive": "stdin_open",
    "pseudoTerminal": "tty", "readonlyRootFilesystem": "read_only", "user": "user",
    "workingDirectory": "working_dir",
}  # fmt: skip
"""Keyword of docker's `run` for each member that means the same."""


def start_order(definitions: Sequence[Definition]) -> list[int]:
    """Return the indexes of definitions, each after those that it depends on."""
    places = {str(one["name"]): place for place, one in enumerate(definitions)}
    order: list[int] = []

    def add(place: int) -> None:
        if place not in order:
            for dependency in definitions[place].get("dependsOn") or ():
                add(places[dependency["containerName"]])
            order.append(place)

    for place in range(len(definitions)):
        add(place)
    return order


def network_owner(ordered: Sequence[Definition]) -> str:
    """Return the container whose network the others share: the first whose end no other waits for."""
    ending = {
        dependency["containerName"]
        for one in ordered
        for dependency in one.get("dependsOn") or ()
        if dependency["condition"] in _ENDS
    }
    return str(next((one for one in ordered if one["name"] not in ending), ordered[0])["name"])


def options(definition: Definition, *, awaited_healthy: bool) -> dict[str, Any]:
    """Return the keywords of docker's `run` that MiniStack leaves out.

    Args:
        definition: of the container.
        awaited_healthy: whether Docker has to run its health check, for another container waits for that.
    """
    from docker.types import Ulimit

    found = {keyword: definition[key] for key, keyword in _SAME.items() if definition.get(key)}
    linux: Definition = definition.get("linuxParameters") or {}
    if linux.get("initProcessEnabled"):
        found["init"] = True
    if tmpfs := linux.get("tmpfs"):
        found["tmpfs"] = {one["containerPath"]: _mount_options(one) for one in tmpfs}
    capabilities: Definition = linux.get("capabilities") or {}
    if capabilities.get("drop"):
        found["cap_drop"] = capabilities["drop"]
    if limits := definition.get("ulimits"):
        found["ulimits"] = [
            Ulimit(name=one["name"], soft=one["softLimit"], hard=one["hardLimit"]) for one in limits
        ]
    if awaited_healthy and (check := definition.get("healthCheck")):
        found["healthcheck"] = {
            "test": check["command"],
            "interval": (check.get("interval") or 30) * _NANOSECONDS,
            "timeout": (check.get("timeout") or 5) * _NANOSECONDS,
            "retries": check.get("retries") or 3,
            "start_period": (check.get("startPeriod") or 0) * _NANOSECONDS,
        }
    return found


def is_awaited(name: str, ordered: Iterable[Definition], condition: str) -> bool:
    """Whether a container of the task waits for this one with a condition."""
    return any(
        (dependency["containerName"], dependency["condition"]) == (name, condition)
        for one in ordered
        for dependency in one.get("dependsOn") or ()
    )


def _mount_options(tmpfs: Definition) -> str:
    return ",".join([f"size={tmpfs['size']}m", *(tmpfs.get("mountOptions") or ())])
