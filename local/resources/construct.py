"""How a component that lives in a provider (awsx) registers its children."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.resources.base import UNKNOWN, Properties


@dataclass(frozen=True)
class ResourceReference:
    """A resource as a component's output, such as awsx's `vpc`."""

    urn: str
    id: Any
    """Its id, UNKNOWN in the preview of a creation."""


@dataclass(frozen=True)
class Attribute:
    """A resource's output as an input of another one; the engine records the dependency."""

    urn: str
    value: Any
    """UNKNOWN in the preview of a creation."""


@dataclass(frozen=True)
class Child:
    """A child to register with the component's provider.

    It depends on its parent, unless that is the component.
    """

    token: str
    name: str
    inputs: Properties
    """Values may be `Attribute`s."""
    parent: str
    """URN."""

    @property
    def plain_inputs(self) -> Properties:
        """The inputs with the values of `Attribute`s."""
        return {
            key: value.value if isinstance(value, Attribute) else value for key, value in self.inputs.items()
        }


@dataclass(frozen=True)
class Registered:
    """A child that exists, or will after the preview."""

    urn: str
    id: str | None
    """None in the preview of a creation."""
    outputs: Properties

    def output(self, name: str) -> Attribute:
        """Return an output (or `id`) of this child, UNKNOWN where it does not exist yet."""
        if name == "id":
            return Attribute(self.urn, UNKNOWN if self.id is None else self.id)
        return Attribute(self.urn, self.outputs.get(name, UNKNOWN if self.id is None else None))

    @property
    def reference(self) -> ResourceReference:
        """This child as a component's output."""
        return ResourceReference(self.urn, self.output("id").value)


Register = Callable[[Child], Registered]
"""Registers a child with the engine, and blocks until it exists."""
