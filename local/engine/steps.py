"""One resource from what it is to what the program wants: same, create, update or replace."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from local.engine import operations, property_path, wire
from local.engine.callbacks import Callbacks, HookCall
from local.engine.errors import (
    EngineError,
    ProtectedError,
    StepFailedError,
)
from local.engine.events import Change, Event, Listener, Operation
from local.engine.goal import Goal
from local.engine.operations import handler_of
from local.engine.snapshot import Snapshot
from local.engine.state import ResourceState, dependents, now
from local.resources.base import Handler, Properties, ResourceError
from local.resources.cloud import Cloud


@dataclass(frozen=True)
class Surroundings:
    """What all steps of a run share."""

    snapshot: Snapshot
    handlers: Mapping[str, Handler]
    cloud_of: Callable[[str], Cloud]
    """The cloud of a provider reference (`<urn>::<id>`)."""
    callbacks: Callbacks
    listen: Listener
    dry_run: bool
    recovering: bool
    """Whether an earlier run was cut off, so that what it made has to be looked for."""


@dataclass(frozen=True)
class _Job:
    """A goal with all that is needed to reach it."""

    goal: Goal
    handler: Handler
    cloud: Cloud
    paths: frozenset[wire.Path]
    """Where the goal's inputs have secrets."""
    recovering: bool
    """See `Surroundings`."""

    def check(self, asked: Properties, old: Properties | None) -> Properties:
        random_hex = secrets.token_hex(4)
        checked = self.handler.check(
            self.cloud, name=self.goal.name, old=old, new=asked, random_hex=random_hex
        )
        if old is not None or not self.recovering:
            return checked
        return operations.with_name_left_behind(
            self.handler, self.cloud, urn=self.goal.urn, asked=asked, checked=checked
        )

    def conceal_outputs(self, outputs: Properties) -> Properties:
        names = {*self.goal.additional_secret_outputs, *self.handler.secret_outputs}
        return wire.conceal(outputs, [*self.paths, *((name,) for name in names)])


class Steps:
    """Brings custom resources from their old state to their goal, many at once."""

    def __init__(self, around: Surroundings, old: Mapping[str, ResourceState]) -> None:
        self._around = around
        self._old = dict(old)
        self._replaced: set[str] = set()
        self._taken: set[int] = set()
        self._lock = threading.Lock()
        self._stop: BaseException | None = None

    @property
    def reason(self) -> BaseException | None:
        """Why nothing more is begun: the first step that failed, or an interruption."""
        return self._stop

    def stop(self, reason: BaseException) -> None:
        """Begin nothing more; what is under way ends."""
        self._stop = self._stop or reason

    def old_of(self, goal: Goal) -> ResourceState | None:
        """The state of what the goal means, by its URN or one of its aliases."""
        for urn in (goal.urn, *goal.aliases):
            old = self._old.get(urn)
            if old is not None and not old.delete:
                with self._lock:
                    if id(old) in self._taken:
                        continue
                    self._taken.add(id(old))
                return old
        return None

    def apply(self, goal: Goal) -> ResourceState:
        """Do what it takes and return the new state.

        Raises:
            StepFailedError: it did not work, or the run is being stopped.
        """
        if self._stop is not None:
            raise StepFailedError(f"{goal.urn} was not begun: the run is being stopped")
        try:
            return self._apply(goal)
        except StepFailedError:
            raise
        except (EngineError, ResourceError, property_path.PropertyPathError) as error:
            self.stop(error)
            self._tell(Event("failed", "create", goal.urn, goal.type, message=str(error)))
            raise StepFailedError(f"{goal.type} {goal.name}: {error}") from error

    def _apply(self, goal: Goal) -> ResourceState:
        job = _Job(
            goal,
            handler_of(self._around.handlers, goal.type, goal.name),
            self._around.cloud_of(goal.provider),
            frozenset(wire.secret_paths(goal.inputs)),
            self._around.recovering,
        )
        old = self.old_of(goal)
        asked: Properties = wire.reveal(goal.inputs)
        if old is None:
            return self._create(job, job.check(asked, None))
        if old.pending_replacement:
            return self._create(job, job.check(asked, None), makes_up_for=old, changes={})
        old_inputs: Properties = wire.reveal(old.inputs)
        asked = property_path.keep_old(old_inputs, asked, list(goal.ignore_changes))
        inputs = job.check(asked, old_inputs)
        diff = job.handler.diff(old_inputs, inputs)
        forced = {key for key in diff.changed if property_path.touches(list(goal.replace_on_changes), key)}
        replacing = {*diff.replace, *forced}
        shown = wire.conceal(inputs, job.paths)
        changes = {
            key: Change(_shown(old.inputs, key), _shown(shown, key), key in replacing) for key in diff.changed
        }
        if replacing or self._replaced.intersection(goal.replace_with):
            return self._replace(job, asked, old, changes)
        if diff.changed or old.init_errors:
            return self._update(job, inputs, old, changes)
        # What differs without being a change, such as a registry's token, is the new one.
        new = replace(state_of(goal, old.id, shown, old.outputs, old), modified=old.modified)
        self._around.snapshot.settle(new, supersedes=old)
        self._tell(Event("done", "same", goal.urn, goal.type))
        return new

    def _create(
        self,
        job: _Job,
        inputs: Properties,
        *,
        predecessor: ResourceState | None = None,
        makes_up_for: ResourceState | None = None,
        changes: Mapping[str, Change] | None = None,
    ) -> ResourceState:
        """Make it.

        Args:
            job: what is to be made.
            inputs: its checked inputs, without secrets.
            predecessor: what it replaces, to be deleted later on.
            makes_up_for: what it replaces and was deleted already.
            changes: why it replaces; None if there was nothing.
        """
        goal = job.goal
        operation: Operation = "create" if changes is None else "replace"
        concealed = wire.conceal(inputs, job.paths)
        if self._around.dry_run:
            new = state_of(goal, "", concealed, job.conceal_outputs(inputs), None)
            self._around.snapshot.settle(new, supersedes=makes_up_for, replaces=predecessor)
            self._tell(Event("done", operation, goal.urn, goal.type, changes=changes or {}))
            self._hooks(goal, "BeforeCreate", new_inputs=concealed)
            return new
        with self._timed(operation, goal, changes) as finish:
            self._hooks(goal, "BeforeCreate", new_inputs=concealed)
            with self._around.snapshot.operation("creating", state_of(goal, "", concealed, {}, None)):
                try:
                    identifier, outputs = operations.create(
                        job.handler,
                        job.cloud,
                        urn=goal.urn,
                        inputs=inputs,
                        recovering=self._around.recovering,
                    )
                except operations.HalfMadeError as error:
                    half = state_of(goal, error.identifier, concealed, job.conceal_outputs(inputs), None)
                    half = replace(half, init_errors=[str(error)])
                    self._around.snapshot.settle(half, supersedes=makes_up_for, replaces=predecessor)
                    raise
                new = state_of(goal, identifier, concealed, job.conceal_outputs(outputs), None)
                self._around.snapshot.settle(new, supersedes=makes_up_for, replaces=predecessor)
            self._hooks(goal, "AfterCreate", id=identifier, new_inputs=new.inputs, new_outputs=new.outputs)
            finish()
        return new

    def _update(
        self,
        job: _Job,
        inputs: Properties,
        old: ResourceState,
        changes: Mapping[str, Change],
    ) -> ResourceState:
        goal, handler, cloud = job.goal, job.handler, job.cloud
        concealed = wire.conceal(inputs, job.paths)
        if self._around.dry_run:
            expected = job.conceal_outputs(
                operations.expected_after_update(handler, wire.reveal(old.outputs), inputs)
            )
            new = state_of(goal, old.id, concealed, expected, old)
            self._around.snapshot.settle(new, supersedes=old)
            self._tell(Event("done", "update", goal.urn, goal.type, changes=changes))
            self._hooks(goal, "BeforeUpdate", id=old.id, new_inputs=concealed, old=old)
            return new
        with self._timed("update", goal, changes) as finish:
            self._hooks(goal, "BeforeUpdate", id=old.id, new_inputs=concealed, old=old)
            with self._around.snapshot.operation("updating", old):
                outputs = operations.update(
                    handler,
                    cloud,
                    urn=goal.urn,
                    identifier=old.id,
                    old_outputs=wire.reveal(old.outputs),
                    inputs=inputs,
                    changed=tuple(changes),
                )
                new = state_of(goal, old.id, concealed, job.conceal_outputs(outputs), old)
                self._around.snapshot.settle(new, supersedes=old)
            after = {"new_inputs": concealed, "new_outputs": new.outputs}
            self._hooks(goal, "AfterUpdate", id=old.id, old=old, **after)
            finish()
        return new

    def _replace(
        self,
        job: _Job,
        asked: Properties,
        old: ResourceState,
        changes: Mapping[str, Change],
    ) -> ResourceState:
        if old.protect and job.goal.protect:
            raise ProtectedError(
                f"{', '.join(changes) or 'a resource that it follows'} cannot be changed in place, and the "
                f"resource is protected: set `protect` to false and run it again before it may be replaced",
            )
        self._replaced.add(job.goal.urn)
        wanted = job.goal.delete_before_replace
        inputs = job.check(asked, None)
        if job.handler.delete_before_replace if wanted is None else wanted:
            deleted = self._delete_first(old)
            return self._create(job, inputs, makes_up_for=deleted, changes=changes)
        return self._create(job, inputs, predecessor=old, changes=changes)

    def _delete_first(self, old: ResourceState) -> ResourceState:
        """Delete a resource before its successor is made, with those that cannot live without it.

        Returns:
            What the state holds of it until its successor is there.
        """
        bound = _bound_to(old, self._around.snapshot.remaining(), self._around.handlers)
        for resource in bound:
            if resource.protect:
                raise ProtectedError(
                    f"{resource.urn} would have to be deleted first and is protected: set `protect` to false",
                )
        going = [*bound, old]
        urns = frozenset(resource.urn for resource in going)
        for resource in going:
            gone = delete(self._around, resource, going=urns, makes_room=True)
            with self._lock:
                self._old[resource.urn] = gone
        return self._old[old.urn]

    def _hooks(self, goal: Goal, kind: str, *, old: ResourceState | None = None, **call: Any) -> None:
        if goal.hooks.get(kind):
            self._around.callbacks.run_hooks(
                goal.hooks[kind],
                HookCall(
                    goal.urn,
                    call.pop("id", ""),
                    goal.name,
                    goal.type,
                    old_inputs=old.inputs if old else None,
                    old_outputs=old.outputs if old else None,
                    **call,
                ),
                dry_run=self._around.dry_run,
            )

    @contextmanager
    def _timed(
        self,
        operation: Operation,
        goal: Goal,
        changes: Mapping[str, Change] | None,
    ) -> Generator[Callable[[], None]]:
        began = time.monotonic()
        self._tell(Event("begin", operation, goal.urn, goal.type, changes=changes or {}))

        def finish() -> None:
            seconds = time.monotonic() - began
            self._tell(Event("done", operation, goal.urn, goal.type, seconds, changes=changes or {}))

        try:
            yield finish
        except (EngineError, ResourceError) as error:
            self.stop(error)
            self._tell(
                Event("failed", operation, goal.urn, goal.type, time.monotonic() - began, message=str(error)),
            )
            raise StepFailedError(f"{goal.type} {goal.name}: {error}") from error

    def _tell(self, event: Event) -> None:
        self._around.listen(event)


def state_of(
    goal: Goal,
    identifier: str,
    inputs: Properties,
    outputs: Properties,
    old: ResourceState | None,
) -> ResourceState:
    """The state that a goal leads to."""
    stamp = now()
    return ResourceState(
        urn=goal.urn,
        type=goal.type,
        custom=goal.custom,
        id=identifier,
        inputs=inputs,
        outputs=outputs,
        parent=goal.parent,
        provider=goal.provider,
        protect=goal.protect,
        dependencies=list(goal.dependencies),
        property_dependencies=dict(goal.property_dependencies),
        additional_secret_outputs=list(goal.additional_secret_outputs),
        custom_timeouts=goal.custom_timeouts,
        retain_on_delete=goal.retain_on_delete,
        deleted_with=goal.deleted_with,
        replace_with=list(goal.replace_with),
        ignore_changes=list(goal.ignore_changes),
        replace_on_changes=list(goal.replace_on_changes),
        resource_hooks=goal.hooks,
        created=old.created if old else stamp,
        modified=old.modified if old and old.inputs == inputs and old.outputs == outputs else stamp,
    )


def delete(
    around: Surroundings,
    resource: ResourceState,
    *,
    going: Collection[str] = (),
    makes_room: bool = False,
) -> ResourceState:
    """Delete one resource, or forget it where nothing is to be deleted.

    Args:
        around: what all steps share.
        resource: what is to go.
        going: URNs that go in the same run.
        makes_room: whether its successor is made next: until then the state keeps it.

    Returns:
        What the state keeps of it, if it makes room.

    Raises:
        EngineError, ResourceError: it did not work; it stays in the state.
    """
    if resource.pending_replacement:
        around.snapshot.forget(resource)
        return resource
    began = time.monotonic()
    silent = not resource.custom or resource.external or resource.type.startswith("pulumi:")
    call = HookCall(
        resource.urn,
        resource.id,
        resource.name,
        resource.type,
        old_inputs=resource.inputs,
        old_outputs=resource.outputs,
    )
    if not silent and not around.dry_run:
        around.listen(Event("begin", "delete", resource.urn, resource.type))
    around.callbacks.run_hooks(resource.resource_hooks.get("BeforeDelete", []), call, dry_run=around.dry_run)
    if resource.protect and not resource.delete and not makes_room:
        raise ProtectedError(
            "it is protected: set `protect` to false and run `up` once before it may be deleted"
        )
    goes_with_another = resource.deleted_with in going
    if not (silent or resource.retain_on_delete or goes_with_another or around.dry_run):
        handler = handler_of(around.handlers, resource.type, resource.name)
        with around.snapshot.operation("deleting", resource):
            cloud = around.cloud_of(resource.provider)
            with cloud.working_on(resource.urn):
                handler.delete(cloud, id=resource.id, outputs=wire.reveal(resource.outputs))
    kept = replace(resource, pending_replacement=True)
    if makes_room:
        around.snapshot.change_before(resource, kept)
    else:
        around.snapshot.forget(resource)
    around.callbacks.run_hooks(resource.resource_hooks.get("AfterDelete", []), call, dry_run=around.dry_run)
    seconds = time.monotonic() - began
    around.listen(Event("done", "delete", resource.urn, resource.type, seconds, component=silent))
    return kept


def _bound_to(
    old: ResourceState,
    remaining: list[ResourceState],
    handlers: Mapping[str, Handler],
) -> list[ResourceState]:
    """Those that a change of `old`'s outputs would replace, the furthest first."""
    bound: list[ResourceState] = []
    for resource in reversed(dependents(remaining, old.urn)):
        handler = handlers.get(resource.type)
        if handler is None or resource.delete or resource.pending_replacement:
            continue
        near = {old.urn, *(r.urn for r in bound)}
        if any(
            near & set(urns)
            for key, urns in resource.property_dependencies.items()
            if key in handler.force_new
        ):
            bound.append(resource)
    return bound[::-1]


def _shown(properties: Properties, key: str) -> Any:
    return wire.map_secrets(properties.get(key), lambda _: "[secret]")


def merged(
    old: ResourceState, outputs: Properties, handler: Handler
) -> tuple[ResourceState, dict[str, Change]]:
    """What a refresh makes of a resource, and what has drifted."""
    plain: Properties = wire.reveal(old.inputs)
    drifted = operations.drift(handler, plain, outputs)
    # What the program leaves to others is no news when others have changed it.
    changes = {
        key: Change(_shown(old.inputs, key), value)
        for key, value in drifted.items()
        if not property_path.touches(old.ignore_changes, key)
    }
    inputs = {**old.inputs, **drifted}
    paths = [*wire.secret_paths(old.inputs), *wire.secret_paths(old.outputs)]
    new = replace(old, inputs=inputs, outputs=wire.conceal(outputs, paths), init_errors=[])
    if new == old:
        return old, changes
    return replace(new, modified=now()), changes
