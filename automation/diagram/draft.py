"""A picture in the making: what reads resources adds nodes, and says more of those that are there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, cast

from automation.cost.resources import Resource, Stack
from automation.diagram.model import Edge, Node

_KNOWN: Final = (str, int, float, list, Mapping)


class Draft:
    """Nodes and edges of a stack, so far."""

    def __init__(self, stack: Stack) -> None:
        # What is declared at once arrives in any order.
        ordered = sorted(stack.resources, key=lambda one: (one.type, one.name))
        self.stack = replace(
            stack, resources=tuple(replace(one, properties=_known(one.properties)) for one in ordered)
        )
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.stand_for: dict[str, set[str]] = {}
        """The resources of each node."""

    def all(self, kind: str) -> list[Resource]:
        """Return all resources of one of AWS's types, such as `lb/listener:Listener`."""
        return self.stack.all(f"aws:{kind}")

    def add(self, node: Node, *resources: Resource) -> str:
        """Add a node, or what is new of it to the one that has its id; return the id."""
        if there := self.nodes.get(node.id):
            node = replace(
                there,
                lines=tuple(dict.fromkeys((*there.lines, *node.lines))),
                subnets=tuple(dict.fromkeys((*there.subnets, *node.subnets))),
            )
        self.nodes[node.id] = node
        self.is_of(node.id, *resources)
        return node.id

    def is_of(self, node_id: str, *resources: Resource) -> None:
        """Say which resources a node stands for, too."""
        self.stand_for.setdefault(node_id, set()).update(map(said, resources))

    def join(self, source: str, target: str, kind: str, label: str = "") -> None:
        """Draw a line from one node to another, once."""
        edge = Edge(source=source, target=target, kind=kind, label=label)
        if edge not in self.edges:
            self.edges.append(edge)

    def of_kind(self, kind: str) -> list[Node]:
        """Return the nodes of a kind."""
        return [node for node in self.nodes.values() if node.kind == kind]

    @cached_property
    def subnet_ids(self) -> Mapping[str, str]:
        """Ids of the subnets' nodes, by AWS's own, which differ from one deployment to the next."""
        return {text(one, "id"): f"subnet {one.name}" for one in self.all("ec2/subnet:Subnet")}

    def placed(self, ids: Iterable[object]) -> tuple[str, ...]:
        """Return the nodes of subnets."""
        found = (self.subnet_ids.get(str(one), f"subnet {one}") for one in ids)
        return tuple(one for one in found if one in self.nodes)


def _known(value: Any) -> Any:
    """Return a value without what only AWS knows, which a plan has something else for."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _known(item) for key, item in items if isinstance(item, _KNOWN)}
    if isinstance(value, list):
        return [_known(item) for item in cast("list[Any]", value) if isinstance(item, _KNOWN)]
    return value


def said(resource: Resource) -> str:
    """Return how a node names a resource that it stands for."""
    return f"{resource.type} {resource.name}"


def text(resource: Resource, key: str) -> str:
    """Return a property that is a text; an empty one where it is not known."""
    value = resource.properties.get(key)
    return value if isinstance(value, str) else ""


def counted(number: int, noun: str) -> str:
    """Return a number of things in words."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def short(name: str) -> str:
    """Return what the configuration calls it: the program puts before it what it is part of."""
    return name.removeprefix("cluster-capacity-").removeprefix("files-")
