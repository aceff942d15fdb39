"""Converts container definitions to Docker options, and orders the containers of a task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any, Final

Definition = Mapping[str, Any]
"""A container definition, as ECS describes it."""

_EXIT_CONDITIONS: Final = ("COMPLETE", "SUCCESS")
"""Conditions of a dependency that wait until the container exits."""
_NANOSECONDS: Final = 1_000_000_000
_OPTIONS: Final = {
    "entryPoint": "entrypoint", "hostname": "hostname", "interactive": "stdin_open",
    "pseudoTerminal": "tty", "readonlyRootFilesystem": "read_only", "user": "user",
    "workingDirectory": "working_dir",
}  # fmt: skip
"""Keyword of docker's `run` for each member with the same meaning."""


def _dependencies(definition: Definition) -> Iterable[Mapping[str, str]]:
    return definition.get("dependsOn") or ()


def start_order(definitions: Sequence[Definition]) -> list[int]:
    """Return the indexes of definitions, each after its dependencies."""
    index = {str(definition["name"]): position for position, definition in enumerate(definitions)}
    graph = TopologicalSorter[int]()
    for position, definition in enumerate(definitions):
        graph.add(position, *(index[dependency["containerName"]] for dependency in _dependencies(definition)))
    return [*graph.static_order()]


def network_owner(ordered: Sequence[Definition]) -> str:
    """Return the container whose network the others share: the first that no other waits to exit."""
    exiting = {
        dependency["containerName"]
        for definition in ordered
        for dependency in _dependencies(definition)
        if dependency["condition"] in _EXIT_CONDITIONS
    }
    names = [str(definition["name"]) for definition in ordered]
    return next((name for name in names if name not in exiting), names[0])


def is_awaited(name: str, ordered: Iterable[Definition], *conditions: str) -> bool:
    """Whether a container of the task waits for this one with one of the conditions."""
    return any(
        dependency["containerName"] == name and dependency["condition"] in conditions
        for definition in ordered
        for dependency in _dependencies(definition)
    )


def exits_first(name: str, ordered: Iterable[Definition]) -> bool:
    """Whether a container of the task waits until this one exits."""
    return is_awaited(name, ordered, *_EXIT_CONDITIONS)


def options(definition: Definition, *, awaited_healthy: bool) -> dict[str, Any]:
    """Return the keywords of docker's `run` that MiniStack omits.

    Args:
        definition: of the container.
        awaited_healthy: whether another container waits for its health check, so that Docker has to run it.
    """
    from docker.types import Ulimit

    keywords = {keyword: definition[key] for key, keyword in _OPTIONS.items() if definition.get(key)}
    linux: Definition = definition.get("linuxParameters") or {}
    if linux.get("initProcessEnabled"):
        keywords["init"] = True
    if tmpfs := linux.get("tmpfs"):
        keywords["tmpfs"] = {mount["containerPath"]: _mount_options(mount) for mount in tmpfs}
    capabilities: Definition = linux.get("capabilities") or {}
    if capabilities.get("drop"):
        keywords["cap_drop"] = capabilities["drop"]
    if limits := definition.get("ulimits"):
        keywords["ulimits"] = [
            Ulimit(name=limit["name"], soft=limit["softLimit"], hard=limit["hardLimit"]) for limit in limits
        ]
    if awaited_healthy and (check := definition.get("healthCheck")):
        keywords["healthcheck"] = {
            "test": check["command"],
            "interval": (check.get("interval") or 30) * _NANOSECONDS,
            "timeout": (check.get("timeout") or 5) * _NANOSECONDS,
            "retries": check.get("retries") or 3,
            "start_period": (check.get("startPeriod") or 0) * _NANOSECONDS,
        }
    return keywords


def _mount_options(tmpfs: Definition) -> str:
    return ",".join([f"size={tmpfs['size']}m", *(tmpfs.get("mountOptions") or ())])
