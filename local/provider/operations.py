"""Creates, updates and reads one resource by its handler, in plain values."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from local.provider import values
from local.resources.base import UNKNOWN, Handler, Properties, ResourceError, UnfinishedError
from local.resources.cloud import Cloud


def create(
    handler: Handler,
    cloud: Cloud,
    *,
    urn: str,
    inputs: Properties,
    recovering: bool,
    timeout_seconds: float = 0,
) -> tuple[str, Properties]:
    """Create it, or adopt what an interrupted run created; return id and outputs.

    Raises:
        UnfinishedError: it exists and cannot be read, or is not as requested.
        ResourceError: it could not be created.
    """
    with cloud.working_on(urn, timeout=timeout_seconds):
        identifier = _make(handler, cloud, urn=urn, inputs=inputs, recovering=recovering)
        cloud.remember(handler.token, identifier)
        try:
            outputs = handler.read(cloud, id=identifier, inputs=inputs)
        except ResourceError as error:
            raise UnfinishedError(str(error), identifier) from error
        if outputs is None:
            raise ResourceError(f"{identifier} was created but cannot be found: run this again")
        return identifier, outputs


def _make(handler: Handler, cloud: Cloud, *, urn: str, inputs: Properties, recovering: bool) -> str:
    found = _left_behind(handler, cloud, urn=urn, inputs=inputs) if recovering else None
    if found is None:
        return handler.create(cloud, urn=urn, inputs=inputs)
    identifier, outputs = found
    diff = handler.diff(live_inputs(inputs, outputs), inputs)
    if diff.replace:
        handler.delete(cloud, id=identifier, outputs=outputs)
        return handler.create(cloud, urn=urn, inputs=inputs)
    if diff.changed:
        handler.update(cloud, id=identifier, old=outputs, new=inputs, changed=diff.changed)
    return identifier


def with_name_left_behind(
    handler: Handler, cloud: Cloud, *, urn: str, asked: Properties, checked: Properties
) -> Properties:
    """The checked inputs of something new, with the name that a run that was cut off gave it.

    An automatic name ends at random: another one would make another thing.
    """
    key = handler.name_property
    if key is None or asked.get(key) is not None or values.has_unknown(checked):
        return checked
    found = _left_behind(handler, cloud, urn=urn, inputs=checked)
    return checked if found is None or key not in found[1] else {**checked, key: found[1][key]}


def _left_behind(
    handler: Handler, cloud: Cloud, *, urn: str, inputs: Properties
) -> tuple[str, Properties] | None:
    """Id and outputs of what a run that was cut off made for this URN."""
    identifier = handler.find(cloud, urn=urn, inputs=inputs)
    if identifier is None or cloud.is_known(handler.token, identifier):
        return None
    outputs = handler.read(cloud, id=identifier, inputs=inputs)
    return None if outputs is None else (identifier, outputs)


def update(
    handler: Handler,
    cloud: Cloud,
    *,
    urn: str,
    identifier: str,
    old_outputs: Properties,
    inputs: Properties,
    changed: tuple[str, ...],
    timeout_seconds: float = 0,
) -> Properties:
    """Change it in place and return its outputs.

    Raises:
        ResourceError: it could not be changed, or is gone.
    """
    effective = tuple(key for key in changed if key not in handler.settled_at_creation)
    with cloud.working_on(urn, timeout=timeout_seconds):
        if effective:
            handler.update(cloud, id=identifier, old=old_outputs, new=inputs, changed=effective)
        outputs = handler.read(cloud, id=identifier, inputs=inputs)
    if outputs is None:
        raise ResourceError(f"{identifier} is gone: run this again to create it anew")
    return outputs


def expected_after_update(handler: Handler, old_outputs: Properties, inputs: Properties) -> Properties:
    """The outputs that an update will have, as far as a preview can know them."""
    return {**old_outputs, **inputs, **dict.fromkeys(handler.renewed_by_update, UNKNOWN)}


def compared(
    old_inputs: Properties, old_outputs: Properties, new: Properties, ignored: Collection[str]
) -> Properties:
    """The old values that a diff compares with the new inputs: the outputs in the state.

    The official provider compares them so, too. After an update that did not become what was asked for, the
    engine keeps the inputs of before and the outputs with what was asked for: the same update again changes
    nothing. Of what is `ignored` (property paths of `ignore_changes`) the engine hands the old inputs on as
    new ones, so these are compared with.
    """
    kept = {path.partition(".")[0].partition("[")[0] for path in ignored}
    live = live_inputs({**dict.fromkeys(new), **old_inputs}, old_outputs)
    return {key: old_inputs.get(key) if key in kept else value for key, value in live.items()}


def outputs_of_unfinished(
    handler: Handler, cloud: Cloud, error: UnfinishedError, inputs: Properties
) -> Properties:
    """What the state keeps of a resource that is not what was asked for: what there is, by the new inputs."""
    try:
        found = handler.read(cloud, id=error.identifier, inputs=inputs)
    except ResourceError:
        found = None
    # As the official provider does: the state says that what was asked for is there.
    return {**(found or {}), **inputs}


def live_inputs(inputs: Properties, outputs: Properties) -> Properties:
    """The inputs as they are on AWS; what AWS does not tell is taken as asked."""
    return {key: outputs.get(key, value) for key, value in inputs.items()}


def drift(handler: Handler, inputs: Properties, outputs: Properties) -> dict[str, Any]:
    """The inputs that are another thing on AWS than in the state, with what they are there."""
    live = live_inputs(inputs, outputs)
    return {key: live[key] for key, value in inputs.items() if not handler.same(key, value, live[key])}
