"""Turns off work of Pulumi's SDK for each resource that is not used here: a quarter of an update's time."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from pulumi import log
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

TRACE: Final = "_get_stack_trace"
"""Private: where a version of the SDK has another name for it, an update is slower, and a test says so."""


@contextmanager
def lean_sdk() -> Generator[None]:
    """Keep the SDK from sending debug lines, and the lines of code that have declared a resource.

    A debug line is shown with the CLI's `--debug` alone; each is a call of the engine that is waited for.
    The lines of code are for pages of Pulumi Cloud; for each resource the SDK takes the whole stack apart.
    """
    replaced: list[tuple[Any, str, Any]] = [(log, "debug", _discard)]
    if hasattr(resource, TRACE):
        replaced.append((resource, TRACE, source_pb2.StackTrace))
    before = [getattr(module, name) for module, name, _ in replaced]
    for module, name, instead in replaced:
        setattr(module, name, instead)
    try:
        yield
    finally:
        for (module, name, _), function in zip(replaced, before, strict=True):
            setattr(module, name, function)


def _discard(*_arguments: Any, **_named: Any) -> None:
    pass
