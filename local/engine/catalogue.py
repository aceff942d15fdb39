"""What the engine can make: handlers, functions and stand-ins for components, each by its Pulumi token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.resources.base import Handler, Properties
from local.resources.cloud import Cloud

Invoke = Callable[[Cloud, Properties], Properties]
Construct = Callable[..., Properties]


@dataclass(frozen=True)
class Catalogue:
    """Everything that has a token."""

    handlers: Mapping[str, Handler]
    invokes: Mapping[str, Invoke]
    constructors: Mapping[str, Construct]


def everything() -> Catalogue:
    """All that `local.resources` has."""
    from local.resources.registry import CONSTRUCTORS, HANDLERS, INVOKES

    return Catalogue(HANDLERS, INVOKES, CONSTRUCTORS)
