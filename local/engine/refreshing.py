"""Reads everything back, so that the state says what is and not what was."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from local.engine import wire
from local.engine.clouds import PROVIDER_PREFIX
from local.engine.errors import EngineError
from local.engine.events import Change, Event
from local.engine.operations import handler_of
from local.engine.state import ResourceState
from local.engine.steps import Surroundings, merged
from local.resources.base import ResourceError

_AT_ONCE = 16


def refresh(around: Surroundings, resources: list[ResourceState]) -> None:
    """Bring `resources` up to date in the snapshot and tell what has drifted.

    Raises:
        EngineError: one of them could not be read.
    """
    custom = [
        resource
        for resource in resources
        if resource.custom
        and not resource.external
        and not resource.pending_replacement
        and not resource.type.startswith(PROVIDER_PREFIX)
    ]
    if not custom:
        return
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="refresh") as pool:
        for future in [pool.submit(_refresh_one, around, resource) for resource in custom]:
            future.result()


def _refresh_one(around: Surroundings, resource: ResourceState) -> None:
    handler = handler_of(around.handlers, resource.type, resource.name)
    cloud = around.cloud_of(resource.provider)
    try:
        outputs = handler.read(cloud, id=resource.id, inputs=wire.reveal(resource.inputs))
    except ResourceError as error:
        raise EngineError(f"{resource.type} {resource.name} could not be read: {error}") from error
    if outputs is None:
        around.snapshot.change_before(resource, None)
        changes = {"id": Change(resource.id, None)}
        around.listen(Event("done", "refresh", resource.urn, resource.type, changes=changes))
        return
    # Not before: what was deleted by hand may come back under the same id, and is then no other's.
    cloud.remember(resource.type, resource.id)
    new, changes = merged(resource, outputs, handler)
    if new is not resource:
        around.snapshot.change_before(resource, new)
    if changes:
        around.listen(Event("done", "refresh", resource.urn, resource.type, changes=changes))
