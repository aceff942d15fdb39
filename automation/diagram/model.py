"""The content of a picture before it has a layout: nodes, some within others, and edges between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """The tasks of a service."""

    least: int
    """The number at first; with autoscaling the minimum."""
    most: int
    containers: tuple[str, ...]
    """Names with ports, such as `web :3000`."""

    @property
    def text(self) -> str:
        """Their number, such as `2 to 4 tasks`."""
        return tasks_text(self.least, self.most)


def tasks_text(least: int, most: int) -> str:
    """Return a number of tasks as text."""
    number = str(least) if least == most else f"{least} to {most}"
    return f"{number} task{'' if number == '1' else 's'}"


@dataclass(frozen=True, kw_only=True)
class Node:
    """A box in the picture."""

    id: str
    kind: str
    """Selects the symbol and the place, such as `service`."""
    name: str
    lines: tuple[str, ...] = ()
    """The text below the name."""
    within: str = ""
    """The id of the node around it."""
    subnets: tuple[str, ...] = ()
    """The ids of its subnets."""
    tasks: Tasks | None = None
    external: bool = False
    """Whether the stack uses it without managing it."""
    resources: tuple[str, ...] = ()
    """The resources that it stands for, each as `type name`."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A line from one node to another."""

    source: str
    target: str
    kind: str
    """`traffic`, `calls`, `mounts`, `starts`, `scales` or `notifies`."""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture of a stack, in an order that does not change between runs."""

    stack: str
    region: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def of_kind(self, *kinds: str) -> list[Node]:
        """Return the nodes of some kinds."""
        return [node for node in self.nodes if node.kind in kinds]

    def to(self, target: str, *kinds: str) -> Iterator[Edge]:
        """Yield the edges of some kinds that end at a node."""
        return (edge for edge in self.edges if edge.target == target and edge.kind in kinds)

    def node(self, id_: str) -> Node:
        """Return the node with an id."""
        return next(node for node in self.nodes if node.id == id_)

    def as_json(self) -> dict[str, Any]:
        """Return the picture as plain data, without empty fields."""
        return {
            "stack": self.stack,
            "region": self.region,
            "nodes": [_without_empty(asdict(node)) for node in self.nodes],
            "edges": [_without_empty(asdict(edge)) for edge in self.edges],
        }


def _without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value}
