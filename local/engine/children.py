"""A remote component's children as registrations, whichever engine they go to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi.runtime.proto import resource_pb2

from local.engine import wire
from local.resources.base import Properties
from local.resources.construct import Attribute, ResourceReference


def registration(
    token: str,
    name: str,
    inputs: Properties,
    *,
    parent: str,
    depends_on: Sequence[str],
    providers: Mapping[str, str],
) -> Any:
    """A child with what its inputs come from."""
    dependencies: dict[str, set[str]] = {}
    plain = {key: resolve(value, dependencies.setdefault(key, set())) for key, value in inputs.items()}
    request = resource_pb2.RegisterResourceRequest(
        type=token,
        name=name,
        custom=True,
        parent=parent,
        object=wire.encode(plain),
        # Without one the engine takes the package's default provider.
        provider=providers.get(package_of(token), ""),
        acceptSecrets=True,
        acceptResources=True,
        dependencies=sorted({*depends_on, *(urn for urns in dependencies.values() for urn in urns)}),
    )
    for key, urns in dependencies.items():
        request.propertyDependencies[key].urns.extend(sorted(urns))
    return request


def package_of(token: str) -> str:
    """The package of a type or function."""
    return token.split(":", 1)[0]


def resolve(value: Any, urns: set[str]) -> Any:
    """The plain value of what a stand-in gives, noting in `urns` which resources it comes from."""
    match value:
        case Attribute():
            urns.add(value.urn)
            return value.value
        case ResourceReference():
            urns.add(value.urn)
            return wire.reference(value.urn, value.id)
        case Mapping():
            return {key: resolve(item, urns) for key, item in cast("Mapping[str, Any]", value).items()}
        case list() | tuple():
            return [resolve(item, urns) for item in cast("list[Any]", value)]
        case _:
            return value
