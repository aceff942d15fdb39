"""Replaces parts of Pulumi's SDK that cost time or memory for each resource, and that nothing here uses."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from pulumi import log
from pulumi.runtime import known_types, resource, rpc
from pulumi.runtime.proto import source_pb2

TRACE: Final = "_get_stack_trace"
"""Private: if a version of the SDK renames it, updates are slower, and a test reports it."""
_dict_values: Final = dict[str, Any].values


@contextmanager
def lean_sdk() -> Generator[None]:
    """Have the SDK send no debug lines and no stack traces, and leave no garbage for each value.

    A debug line is shown only with the CLI's `--debug`, and each is a call of the engine. Stack traces of
    resources are for pages of Pulumi Cloud; they take a quarter of an update's time. The SDK's own
    `contains_unknowns` is a recursive closure, which only the garbage collector frees: 25 MB of garbage for
    100 services.
    """
    replaced: list[tuple[Any, str, Any]] = [
        (log, "debug", _discard),
        (rpc, "contains_unknowns", contains_unknowns),
    ]
    if hasattr(resource, TRACE):
        replaced.append((resource, TRACE, source_pb2.StackTrace))
    originals = [getattr(module, name) for module, name, _ in replaced]
    for module, name, replacement in replaced:
        setattr(module, name, replacement)
    try:
        yield
    finally:
        for (module, name, _), original in zip(replaced, originals, strict=True):
            setattr(module, name, original)


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
