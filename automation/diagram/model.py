"""What a picture shows, before anything has a place: nodes, what is within what, and lines between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Tasks:
    """How many tasks a service runs, and of which containers each consists."""

    least: int
    """What runs at first; with autoscaling the fewest."""
    most: int
    containers: tuple[str, ...]
    """By name, with the port that is reached: `web :3000`."""

    @property
    def said(self) -> str:
        """Their number in words."""
        number = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{number} task{'' if number == '1' else 's'}"


@dataclass(frozen=True, kw_only=True)
class Node:
    """One thing in the picture."""

    id: str
    kind: str
    """What it is, such as `service`: the picture has a symbol for each kind."""
    name: str
    lines: tuple[str, ...] = ()
    """What else is said of it."""
    within: str = ""
    """Id of the node around it; empty where there is none."""
    subnets: tuple[str, ...] = ()
    """Ids of the subnets that it has a part in."""
    tasks: Tasks | None = None
    exists: bool = False
    """Whether the stack only uses it: somebody else made it."""
    of: tuple[str, ...] = ()
    """The resources that it stands for, each as `type name`."""


@dataclass(frozen=True, kw_only=True)
class Edge:
    """A line from one node to another."""

    source: str
    target: str
    kind: str
    """`traffic`, `calls`, `mounts`, `starts`, `scales` or `tells`."""
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """All that is drawn of a stack, in an order that depends on nothing but the stack."""

    stack: str
    region: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def of_kind(self, *kinds: str) -> list[Node]:
        """Return the nodes of some kinds."""
        return [node for node in self.nodes if node.kind in kinds]

    def to(self, target: str, *kinds: str) -> Iterator[Edge]:
        """Yield the edges that end at a node."""
        return (edge for edge in self.edges if edge.target == target and edge.kind in kinds)

    def node(self, id_: str) -> Node:
        """Return the node with this id."""
        return next(node for node in self.nodes if node.id == id_)

    def as_json(self) -> dict[str, Any]:
        """Return it as a document, without what says nothing."""
        return {
            "stack": self.stack,
            "region": self.region,
            "nodes": [_said(asdict(node)) for node in self.nodes],
            "edges": [_said(asdict(edge)) for edge in self.edges],
        }


def _said(of: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in of.items() if value}
