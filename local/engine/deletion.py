"""Deletes what is no longer wanted: what nothing needs first, as many at once as can be."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

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
    waiting = {id(resource): resource for resource in doomed}
    # Who must be gone first: whoever needs this resource, a replaced one by its own generation.
    needed_by: dict[int, set[int]] = {key: set() for key in waiting}
    by_urn: dict[str, list[int]] = {}
    for key, resource in waiting.items():
        by_urn.setdefault(resource.urn, []).append(key)
    for key, resource in waiting.items():
        for urn in resource.needs:
            for needed in by_urn.get(urn, ()):
                if needed != key:
                    needed_by[needed].add(key)
    failures: list[str] = []
    under_way: dict[Future[None], int] = {}
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="delete") as pool:
        while waiting or under_way:
            if not failures and not stopped():
                for key in [key for key in waiting if not needed_by[key]]:
                    under_way[pool.submit(_delete_one, around, waiting.pop(key))] = key
            if not under_way:
                break
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in done:
                key = under_way.pop(future)
                error = future.exception()
                if error is not None:
                    failures.append(str(error))
                    continue
                for others in needed_by.values():
                    others.discard(key)
    if failures:
        raise StepFailedError("; ".join(failures))
    if waiting and not stopped():
        names = ", ".join(resource.urn for resource in waiting.values())
        raise EngineError(f"these resources need each other in a circle and cannot be deleted: {names}")


def _delete_one(around: Surroundings, resource: ResourceState) -> None:
    began = time.monotonic()
    try:
        delete(around, resource)
    except (EngineError, ResourceError) as error:
        seconds = time.monotonic() - began
        around.listen(Event("failed", "delete", resource.urn, resource.type, seconds, str(error)))
        raise StepFailedError(f"{resource.type} {resource.name}: {error}") from error
