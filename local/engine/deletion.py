"""Deletes what is no longer wanted: what nothing needs first, as many at once as can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import CycleError, TopologicalSorter

from local.engine.errors import EngineError, ProtectedError, StepFailedError
from local.engine.events import Event
from local.engine.state import ResourceState
from local.engine.steps import Surroundings, delete
from local.resources.base import ResourceError

_AT_ONCE = 16


def require_unprotected(resources: Sequence[ResourceState]) -> None:
    """Refuse before anything is deleted.

    Raises:
        ProtectedError: some of them are protected.
    """
    protected = [f"  {r.type} {r.name}" for r in resources if r.protect and not r.delete]
    if protected:
        raise ProtectedError(
            "these resources would be deleted and are protected:\n"
            + "\n".join(protected)
            + "\nset `protect` to false and run `up` once before they may go",
        )


def delete_all(around: Surroundings, doomed: Sequence[ResourceState], stopped: Callable[[], bool]) -> None:
    """Delete `doomed` in dependency order.

    Raises:
        StepFailedError: some could not be deleted; they and what they need stay in the state.
    """
    resources = {id(resource): resource for resource in doomed}
    order = _order(resources)
    failures: list[str] = []
    under_way: dict[Future[None], int] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="delete") as pool:
        while order.is_active():
            if not failures and not stopped():
                for key in order.get_ready():
                    under_way[pool.submit(_delete_one, around, resources[key])] = key
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


def _delete_one(around: Surroundings, resource: ResourceState) -> None:
    began = time.monotonic()
    try:
        delete(around, resource)
    except (EngineError, ResourceError) as error:
        seconds = time.monotonic() - began
        around.listen(Event("failed", "delete", resource.urn, resource.type, seconds, str(error)))
        raise StepFailedError(f"{resource.type} {resource.name}: {error}") from error
