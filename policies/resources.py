"""What controls read: the resources of one stack, from a preview or the state."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

GROUP: Final = "aws:autoscaling/group:Group"
SERVICE: Final = "aws:ecs/service:Service"
SUBNET: Final = "aws:ec2/subnet:Subnet"


class Unknown:
    """A value that is known only after an update."""


UNKNOWN: Final = Unknown()

_NAMES: Final = ("id", "arn", "name", "bucket", "url")
"""Properties by which other resources refer to a resource."""


_SAME_AS_LB: Final = re.compile(r"^aws:(?:alb|applicationloadbalancing)/")
"""Older names of the module `aws.lb`, with the same resources."""


class NotKnownError(Exception):
    """A control reads a value that is known only after an update."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a stack."""

    type: str
    name: str
    inputs: Mapping[str, Any]
    """The inputs that the program declares, by the provider's names (camelCase)."""
    urn: str = ""
    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The provider's outputs; empty before the resource is created."""
    refers: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """URNs of the resources that an input depends on, where the engine reports them."""

    def get(self, path: str) -> Any:
        """Return the input at a path such as `accessLogs.enabled`; None if it is not set.

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
        """Yield the objects of a list, or a single object: providers accept both for some inputs."""
        value = self.get(path)
        for item in cast("list[Any]", value if isinstance(value, list) else [value]):
            if isinstance(item, Unknown):
                raise NotKnownError(f"{self.name}.{path}")
            if isinstance(item, Mapping):
                inputs = cast("Mapping[str, Any]", item)
                yield Resource(type=self.type, name=str(inputs.get("name") or self.name), inputs=inputs)

    def document(self, path: str) -> Any:
        """Return the parsed JSON text at a path; None if it is not set.

        Raises:
            NotKnownError: it is not known yet.
        """
        text = self.get(path)
        return json.loads(text) if isinstance(text, str) else text

    def containers(self) -> Iterator[Resource]:
        """Yield the containers of a task definition."""
        containers: list[dict[str, Any]] = self.document("containerDefinitions") or []
        for container in containers:
            name = f"{self.name}, container {container.get('name')}"
            yield Resource(type=self.type, name=name, inputs=container)


@dataclass(frozen=True)
class Declaration:
    """All resources of one stack."""

    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Declaration:
        """Return the declaration of a stack with some resources, whose types have their current names."""
        return cls(
            tuple(replace(resource, type=_SAME_AS_LB.sub("aws:lb/", resource.type)) for resource in resources)
        )

    def all(self, *types: str) -> Iterator[Resource]:
        """Yield the resources of some types."""
        return (resource for resource in self.resources if resource.type in types)

    def related(self, resource: Resource, key: str, *types: str) -> list[Resource]:
        """Return resources of some types whose input `key` refers to a resource, or is not known yet."""
        return [other for other in self.all(*types) if _refers_to(other, key, resource)]


def _refers_to(referrer: Resource, key: str, resource: Resource) -> bool:
    if resource.urn and resource.urn in referrer.refers.get(key, ()):
        return True
    value = referrer.inputs.get(key)
    # Before a resource is created, its inputs have the name that Pulumi generated.
    names = (values.get(name) for values in (resource.inputs, resource.outputs) for name in _NAMES)
    return isinstance(value, Unknown) or (value is not None and value in (resource.id, *names))
