"""How a component that lives in a provider (awsx) declares its children, whichever engine asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from local.resources.base import UNKNOWN, Properties


@dataclass(frozen=True)
class ResourceReference:
    """A resource as a component's output, such as awsx's `vpc`."""

    urn: str
    id: Any
    """Its id, or UNKNOWN in the preview of a creation."""


@dataclass(frozen=True)
class Attribute:
    """A resource's output as another one's input; the engine records the dependency."""

    urn: str
    value: Any
    """What it is, or UNKNOWN in the preview of a creation."""


@dataclass(frozen=True)
class Registered:
    """A child that was made, or will be."""

    urn: str
    id: str | None
    """None in the preview of a creation."""
    outputs: Properties

    def output(self, name: str) -> Attribute:
        """An output (or `id`) of this child, UNKNOWN where it does not exist yet."""
        if name == "id":
            return Attribute(self.urn, UNKNOWN if self.id is None else self.id)
        return Attribute(self.urn, self.outputs.get(name, UNKNOWN if self.id is None else None))


class Registrar(Protocol):
    """What an engine offers to a component while it is constructed."""

    def register(
        self,
        token: str,
        name: str,
        inputs: Properties,
        *,
        parent: str,
        depends_on: Sequence[str] = (),
    ) -> Registered:
        """Register a child under the URN `parent` with the component's provider; blocks until it is made."""
        ...
