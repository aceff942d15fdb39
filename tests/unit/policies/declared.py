"""What the recorder kept of a stack, as the policies read it."""

from __future__ import annotations

from typing import Any

from policies.resources import UNKNOWN, Declaration, Resource
from tests.unit.infra.recorder import Graph, Secret, Unknown


def declaration_of(graph: Graph) -> Declaration:
    """Return the resources of a run of the real program."""
    return Declaration.of(
        Resource(
            type=one.type,
            name=one.name,
            inputs=_plain(one.inputs),
            urn=one.urn,
            refers=one.property_dependencies,
        )
        for one in graph.resources
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
