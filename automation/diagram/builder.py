"""Collects the nodes and edges of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, cast

from automation.cost.resources import Resource, Stack
from automation.diagram.model import Edge, Node, Picture, Tasks

_PLAIN_TYPES: Final = (str, int, float, list, Mapping)


class Builder:
    """The resources of a stack, and the nodes and edges added so far."""

    def __init__(self, stack: Stack) -> None:
        # The program declares resources on several threads, in any order.
        resources = sorted(stack.resources, key=lambda item: (item.type, item.name))
        known = (replace(item, properties=_without_unknown(item.properties)) for item in resources)
        self.stack = replace(stack, resources=tuple(known))
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self._resources: dict[str, set[str]] = {}
        """The resources that each node stands for."""

    def all(self, kind: str) -> list[Resource]:
        """Return all resources of one of AWS's types, such as `lb/listener:Listener`."""
        return self.stack.all(f"aws:{kind}")

    def add(
        self,
        id_: str,
        kind: str,
        name: str,
        lines: Iterable[str] = (),
        *,
        within: str = "",
        subnets: tuple[str, ...] = (),
        tasks: Tasks | None = None,
        external: bool = False,
        resources: Iterable[Resource] = (),
    ) -> str:
        """Add a node, or add lines and subnets to the node with this id; return the id."""
        if node := self.nodes.get(id_):
            self.nodes[id_] = replace(
                node,
                lines=tuple(dict.fromkeys((*node.lines, *lines))),
                subnets=tuple(dict.fromkeys((*node.subnets, *subnets))),
            )
        else:
            self.nodes[id_] = Node(
                id=id_,
                kind=kind,
                name=name,
                lines=tuple(lines),
                within=within,
                subnets=subnets,
                tasks=tasks,
                external=external,
            )
        self.assign(id_, *resources)
        return id_

    def assign(self, id_: str, *resources: Resource) -> None:
        """Let a node stand for resources."""
        self._resources.setdefault(id_, set()).update(map(title_of, resources))

    def connect(self, source: str, target: str, kind: str, label: str = "") -> None:
        """Add an edge, if it is new."""
        edge = Edge(source=source, target=target, kind=kind, label=label)
        if edge not in self.edges:
            self.edges.append(edge)

    @cached_property
    def subnet_ids(self) -> Mapping[str, str]:
        """The node ids of subnets by AWS's ids, which differ in each deployment."""
        return {string(item, "id"): f"subnet {item.name}" for item in self.all("ec2/subnet:Subnet")}

    def subnets(self, ids: Iterable[object]) -> tuple[str, ...]:
        """Return the nodes of subnets by AWS's ids."""
        nodes = (self.subnet_ids.get(str(item), f"subnet {item}") for item in ids)
        return tuple(node for node in nodes if node in self.nodes)

    def picture(self) -> Picture:
        """Return the picture."""
        public = {edge.target for edge in self.edges if edge.kind == "traffic"}
        nodes = [
            replace(node, resources=tuple(sorted(self._resources.get(node.id, ()))))
            for node in self.nodes.values()
        ]
        return Picture(
            stack=self.stack.name,
            region=self.stack.region,
            # Services behind a load balancer come first.
            nodes=tuple(sorted(nodes, key=lambda node: node.kind == "service" and node.id not in public)),
            # After a failed update one end may be missing.
            edges=tuple(edge for edge in self.edges if {edge.source, edge.target} <= self.nodes.keys()),
        )


def _without_unknown(value: Any) -> Any:
    """Return a value without outputs that a preview does not know."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return {key: _without_unknown(item) for key, item in items if isinstance(item, _PLAIN_TYPES)}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return [_without_unknown(item) for item in items if isinstance(item, _PLAIN_TYPES)]
    return value


def title_of(resource: Resource) -> str:
    """Return how a node names a resource that it stands for."""
    return f"{resource.type} {resource.name}"


def string(resource: Resource, key: str) -> str:
    """Return a property that is a string; an empty one if it is unknown."""
    value = resource.properties.get(key)
    return value if isinstance(value, str) else ""


def short(name: str) -> str:
    """Return a name as in the configuration, without the program's prefix."""
    return name.removeprefix("cluster-capacity-").removeprefix("files-")
