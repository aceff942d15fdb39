"""A recorded stack as controls read it."""

from __future__ import annotations

from typing import Any

from policies.resources import UNKNOWN, Declaration, Resource
from tests.unit.infra.recorder import Graph, Secret, Unknown


def declaration_of(graph: Graph) -> Declaration:
    """Return the resources of a recorded run of the program."""
    return Declaration.of(
        Resource(
            type=resource.type,
            name=resource.name,
            inputs=_plain(resource.inputs),
            urn=resource.urn,
            refers=resource.property_dependencies,
        )
        for resource in graph.resources
    )


def _plain(value: Any) -> Any:
    match value:
        case Secret() | Unknown():
            return UNKNOWN
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
    return value
