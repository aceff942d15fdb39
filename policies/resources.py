"""What controls read: the resources of one stack, as a preview or the state has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast


class Unknown:
    """Stands for a value that only an update makes known."""


UNKNOWN: Final = Unknown()

_NAMES: Final = ("id", "arn", "name", "bucket", "url")
"""What others know a resource by."""


class NotKnownError(Exception):
    """A control needs a value that only an update makes known."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """What the program asks for, in the provider's words (camelCase)."""
    urn: str = ""
    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What the provider says of it; none before it is made."""
    refers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """URNs of the resources that an input's value is made of, where the engine tells."""

    def get(self, path: str) -> Any:
        """Return the input at a path such as `accessLogs.enabled`; None if it is left out.

        Raises:
            NotKnownError: it is not known yet.
        """
        value: Any = self.inputs
        for step in path.split("."):
            value = cast("dict[str, Any]", value).get(step) if isinstance(value, Mapping) else None
            if isinstance(value, Unknown):
                raise NotKnownError(f"{self.name}.{path}")
        return value

    def items(self, path: str) -> Iterator[Resource]:
        """Yield the objects in a list; a single object too, as providers take some lists."""
        value = self.get(path)
        for item in cast("list[Any]", value if isinstance(value, list) else [value]):
            if isinstance(item, Unknown):
                raise NotKnownError(f"{self.name}.{path}")
            if isinstance(item, Mapping):
                own = cast("Mapping[str, Any]", item)
                yield Resource(type=self.type, name=str(own.get("name") or self.name), inputs=own)

    def document(self, path: str) -> Any:
        """Return what a JSON text at a path holds; None if it is left out.

        Raises:
            NotKnownError: it is not known yet.
        """
        text = self.get(path)
        return json.loads(text) if isinstance(text, str) else text

    def containers(self) -> Iterator[Resource]:
        """Yield the containers of a task definition."""
        definitions: list[dict[str, Any]] = self.document("containerDefinitions") or []
        for one in definitions:
            yield Resource(type=self.type, name=f"{self.name}, container {one.get('name')}", inputs=one)


@dataclass(frozen=True)
class Declaration:
    """All resources of one stack."""

    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Declaration:
        """Keep the resources of one stack."""
        return cls(tuple(resources))

    def all(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of some types."""
        return (one for one in self.resources if one.type in types)

    def related(self, resource: Resource, key: str, *types: str) -> list[Resource]:
        """Return resources of some types whose input `key` names this one, or cannot be known yet."""
        return [one for one in self.all(*types) if _names(one, key, resource)]


def _names(one: Resource, key: str, other: Resource) -> bool:
    if other.urn and other.urn in one.refers.get(key, ()):
        return True
    value = one.inputs.get(key)
    # Before it is made, a resource has the name that Pulumi has chosen, among its inputs.
    said = (values.get(name) for values in (other.inputs, other.outputs) for name in _NAMES)
    return isinstance(value, Unknown) or (value is not None and value in (other.id, *said))
