"""What a stack consists of, wherever that was read, and how its resources lead to one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, cast

_NOTHING: Final[Mapping[str, Any]] = {}


def blocks_of(value: object) -> list[Mapping[str, Any]]:
    """Return a list of nested blocks; an empty one where there is none."""
    blocks = cast("list[object]", value) if isinstance(value, list) else [value]
    return [cast("Mapping[str, Any]", block) for block in blocks if isinstance(block, Mapping)]


def block_of(outer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a block within another, wherever the provider wraps it into a list of one."""
    return next(iter(blocks_of(outer.get(name))), _NOTHING)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource, with what the program asked for and what is known of the outcome."""

    type: str
    name: str
    properties: Mapping[str, Any]
    """Pulumi's own names, in camelCase. What is not known yet is left out."""

    def items(self, name: str) -> list[Mapping[str, Any]]:
        """A list of nested blocks; an empty one where there is none."""
        return blocks_of(self.properties.get(name))

    def block(self, name: str) -> Mapping[str, Any]:
        """A nested block, wherever the provider wraps it into a list of one."""
        return block_of(self.properties, name)

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        value = self.properties.get(name)
        return [str(item) for item in cast("list[object]", value)] if isinstance(value, list) else []

    def whole(self, name: str, default: int = 0) -> int:
        """A whole number, which the provider may keep as text."""
        value = self.properties.get(name)
        return int(value) if isinstance(value, int | float | str) and value != "" else default


@dataclass(frozen=True)
class Stack:
    """All resources of a stack, as they are or as they will be."""

    name: str
    region: str
    resources: tuple[Resource, ...] = field(default=())
    monthly_budget_usd: int | None = None
    most_vcpus: float = 0.0
    """Fargate vCPUs that it may take at once; 0 where that is not known."""

    def all(self, token: str) -> list[Resource]:
        """All resources of a type."""
        return [resource for resource in self.resources if resource.type == token]

    def by_arn(self, arn: object) -> Resource | None:
        """The resource that has this ARN, if it is one of this stack's."""
        return self._arns.get(str(arn))

    @cached_property
    def _arns(self) -> Mapping[str, Resource]:
        return {
            str(resource.properties["arn"]): resource
            for resource in self.resources
            if resource.properties.get("arn")
        }
