"""Creates, adopts, updates and compares a resource by its handler, in plain values."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from local.provider import values
from local.resources.base import UNKNOWN, Handler, Names, Properties, ResourceError, UnfinishedError
from local.resources.cloud import Cloud


def create(
    handler: Handler, cloud: Cloud, *, urn: str, inputs: Properties, recovering: bool
) -> tuple[str, Properties]:
    """Create it, or adopt it from an interrupted run; return id and outputs.

    Raises:
        UnfinishedError: it exists and cannot be read, or is not as configured.
        ResourceError: it could not be created.
    """
    identifier = _create_or_adopt(handler, cloud, urn=urn, inputs=inputs, recovering=recovering)
    cloud.remember(handler.token, identifier)
    try:
        outputs = handler.read(cloud, id=identifier, inputs=inputs)
    except ResourceError as error:
        raise UnfinishedError(str(error), identifier) from error
    if outputs is None:
        raise ResourceError(f"{identifier} was created but cannot be found: run this again")
    return identifier, outputs


def _create_or_adopt(
    handler: Handler, cloud: Cloud, *, urn: str, inputs: Properties, recovering: bool
) -> str:
    left_behind = _left_behind(handler, cloud, urn=urn, inputs=inputs) if recovering else None
    if left_behind is None:
        return handler.create(cloud, urn=urn, inputs=inputs)
    identifier, outputs = left_behind
    diff = handler.diff(live_inputs(inputs, outputs), inputs)
    if diff.replace:
        handler.delete(cloud, id=identifier, outputs=outputs)
        return handler.create(cloud, urn=urn, inputs=inputs)
    if diff.changed:
        handler.update(cloud, id=identifier, old=outputs, new=inputs, changed=diff.changed)
    return identifier


def with_left_behind_name(
    handler: Handler, cloud: Cloud, *, urn: str, inputs: Properties, checked: Properties
) -> Properties:
    """Return checked inputs of a new resource with the automatic name of an interrupted run.

    With another random suffix the resource would be another one.
    """
    key = handler.name_property
    if key is None or inputs.get(key) is not None or values.has_unknown(checked):
        return checked
    _, outputs = _left_behind(handler, cloud, urn=urn, inputs=checked) or (None, {})
    return {**checked, key: outputs[key]} if key in outputs else checked


def _left_behind(
    handler: Handler, cloud: Cloud, *, urn: str, inputs: Properties
) -> tuple[str, Properties] | None:
    """Return id and outputs of the resource that an interrupted run created for this URN."""
    identifier = handler.find(cloud, urn=urn, inputs=inputs)
    if identifier is None or cloud.is_known(handler.token, identifier):
        return None
    outputs = handler.read(cloud, id=identifier, inputs=inputs)
    return None if outputs is None else (identifier, outputs)


def update(
    handler: Handler, cloud: Cloud, *, identifier: str, old: Properties, new: Properties, changed: Names
) -> Properties:
    """Change it in place and return its outputs.

    Raises:
        ResourceError: it could not be changed, or does not exist.
    """
    effective = tuple(key for key in changed if key not in handler.creation_only)
    if effective:
        handler.update(cloud, id=identifier, old=old, new=new, changed=effective)
    outputs = handler.read(cloud, id=identifier, inputs=new)
    if outputs is None:
        raise ResourceError(f"{identifier} does not exist any more: run this again to create it")
    return outputs


def expected_after_update(handler: Handler, old_outputs: Properties, inputs: Properties) -> Properties:
    """Return the outputs after an update, as far as a preview can know them."""
    return {**old_outputs, **inputs, **dict.fromkeys(handler.known_after_update, UNKNOWN)}


def compared(
    old_inputs: Properties, old_outputs: Properties, new: Properties, ignored: Collection[str]
) -> Properties:
    """Return the old values for a diff with the new inputs: the outputs, as in the official provider.

    After an unfinished update the engine has the previous inputs, and outputs with the configured values: the
    same update again changes nothing. For `ignored` property paths (`ignore_changes`) the engine passes the
    old inputs as the new ones, so they are compared with the old inputs.
    """
    kept = {path.partition(".")[0].partition("[")[0] for path in ignored}
    live = live_inputs({**dict.fromkeys(new), **old_inputs}, old_outputs)
    return {key: old_inputs.get(key) if key in kept else value for key, value in live.items()}


def outputs_of_unfinished(
    handler: Handler, cloud: Cloud, error: UnfinishedError, inputs: Properties
) -> Properties:
    """Return the real outputs of an unfinished resource, overridden by the configured values."""
    try:
        outputs = handler.read(cloud, id=error.identifier, inputs=inputs)
    except ResourceError:
        outputs = None
    # As in the official provider, the state claims the configured values.
    return {**(outputs or {}), **inputs}


def live_inputs(inputs: Properties, outputs: Properties) -> Properties:
    """Return the inputs with their real values, and the configured ones of what AWS does not return."""
    return {key: outputs.get(key, value) for key, value in inputs.items()}


def drift(handler: Handler, inputs: Properties, outputs: Properties) -> dict[str, Any]:
    """Return the real values of inputs that differ on AWS."""
    live = live_inputs(inputs, outputs)
    return {key: live[key] for key, value in inputs.items() if not handler.is_same(key, value, live[key])}
