"""Replaces parts of Pulumi's SDK that cost time or memory for each resource, and that nothing here uses."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from pulumi import log, output
from pulumi.runtime import known_types, resource, rpc
from pulumi.runtime.proto import source_pb2

_Output: Final[Any] = output.Output
_State: Final[Any] = vars(output).get("_OutputData")
_dict_values: Final = dict[str, Any].values


@contextmanager
def lean_sdk() -> Generator[None]:
    """Have the SDK send no debug lines and no stack traces, and leave less garbage and fewer objects.

    A debug line is shown only with the CLI's `--debug`, and each is a call of the engine. Stack traces of
    resources are for pages of Pulumi Cloud; with them a preview of 50 services takes a fifth longer. The
    SDK's own `contains_unknowns` is a recursive closure, which only the garbage collector frees: 25 MB of
    garbage for 100 services. For each property of a resource the SDK makes four futures and a task, where one
    future is enough: 35 MB for 100 services.
    """
    replaced = [part for part in REPLACED if hasattr(*part[:2])]
    originals = [getattr(module, name) for module, name, _ in replaced]
    for module, name, replacement in replaced:
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for (module, name, _), original in zip(replaced, originals, strict=True):
            setattr(module, name, original)


def transfer_properties(res: Any, props: Collection[str], custom: object) -> dict[str, Any]:
    """Set an unresolved output for each property of a resource; return the functions that resolve them."""
    resolvers: dict[str, Any] = {}
    for name in props:
        # The SDK sets these itself.
        if name == "urn" or (name == "id" and custom):
            continue
        resolvers[name] = resolver = _Resolver(res, asyncio.Future())
        res.__dict__[name] = _Output._from_data(resolver.data)  # noqa: SLF001
    return resolvers


@dataclass(frozen=True, slots=True)
class _Resolver:
    resource: Any
    data: asyncio.Future[Any]

    def __call__(
        self, value: Any, is_known: object, is_secret: object, dependencies: Any, failed: Exception | None
    ) -> None:
        if failed is None:
            resources = {*(dependencies or ()), self.resource}
            self.data.set_result(_State(resources, value, is_known, is_secret))
        else:
            self.data.set_exception(failed)


def contains_unknowns(value: object) -> bool:
    """Whether a value is unknown until an update, or contains such a value."""
    remaining: list[Any] = [value]
    seen: set[int] = set()
    while remaining:
        item = remaining.pop()
        if known_types.is_unknown(item):
            return True
        is_dict = issubclass(type(item), dict)
        if (is_dict or issubclass(type(item), list)) and id(item) not in seen:
            seen.add(id(item))
            # Not `item.values()`: the SDK's input types are dictionaries, and may have a property `values`.
            remaining += _dict_values(item) if is_dict else item
    return False


def _discard(*_arguments: Any, **_named: Any) -> None:
    pass


REPLACED: Final[list[tuple[Any, str, Any]]] = [
    (log, "debug", _discard),
    (resource, "_get_stack_trace", source_pb2.StackTrace),
    (rpc, "contains_unknowns", contains_unknowns),
    # It needs these private names, too.
    *(
        [(rpc, "transfer_properties", transfer_properties)]
        if _State is not None and hasattr(_Output, "_from_data")
        else []
    ),
]
"""Module, name and replacement. Private names may be renamed in another version of the SDK: then updates are
slower, and a test reports it."""
