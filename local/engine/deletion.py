"""Deletes what is no longer wanted: what nothing needs first, as many at once as can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from local.engine.errors import EngineError, StepFailedError
from local.engine.events import Event
from local.engine.state import ResourceState
from local.engine.steps import Surroundings, delete
from local.resources.base import ResourceError

_AT_ONCE = 16


def delete_all(around: Surroundings, doomed: Sequence[ResourceState], stopped: Callable[[], bool]) -> None:
    """Delete `doomed` in dependency order.

    Raises:
        StepFailedError: some could not be deleted; they and what they need stay in the state.
    """
    resources = {id(resource): resource for resource in doomed}
    order = _order(resources)
    going = frozenset(resource.urn for resource in doomed)
    failures: list[str] = []
    under_way: dict[Future[None], int] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="delete") as pool:
        while order.is_active():
            if not failures and not stopped():
                for key in order.get_ready():
                    under_way[pool.submit(_delete_one, around, resources[key], going)] = key
            if not under_way:
                break
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                key, error = under_way.pop(future), future.exception()
                if error is None:
                    order.done(key)
                else:
                    failures.append(str(error))
    if failures:
        raise StepFailedError("; ".join(failures))


def _order(resources: Mapping[int, ResourceState]) -> TopologicalSorter[int]:
    """Sort so that whoever needs a resource comes before it; a replaced one counts by its own generation."""
    by_urn: dict[str, list[int]] = {}
    for key, resource in resources.items():
        by_urn.setdefault(resource.urn, []).append(key)
    order: TopologicalSorter[int] = TopologicalSorter(dict.fromkeys(resources, ()))
    for key, resource in resources.items():
        for urn in resource.needs:
            for needed in by_urn.get(urn, ()):
                if needed != key:
                    order.add(needed, key)
    try:
        order.prepare()
    except CycleError as error:
        names = ", ".join(resources[key].urn for key in dict.fromkeys(error.args[1]))
        raise EngineError(f"these resources need one another and cannot be deleted: {names}") from error
    return order


def _delete_one(around: Surroundings, resource: ResourceState, going: frozenset[str]) -> None:
    began = time.monotonic()
    try:
        delete(around, resource, going=going)
    except (EngineError, ResourceError) as error:
        seconds = time.monotonic() - began
        around.listen(Event("failed", "delete", resource.urn, resource.type, seconds, str(error)))
        raise StepFailedError(f"{resource.type} {resource.name}: {error}") from error


def unprotected(resource: ResourceState) -> ResourceState:
    """A resource that goes whatever it holds: without Pulumi's protection, and without AWS's own."""
    force = {key: True for key in ("forceDelete", "forceDestroy") if key in resource.outputs}
    return replace(resource, protect=False, outputs={**resource.outputs, **force})
