"""The state while it changes: what was, what is now, what is under way; written as it goes."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from local.engine.errors import EngineError
from local.engine.state import Checkpoint, Encoded, Pending, ResourceState, encode, keep_copy, write


class Snapshot:
    """All resources of a stack in an order in which each stands behind what it needs."""

    def __init__(self, checkpoint: Checkpoint, path: Path | None) -> None:
        """Take over `checkpoint`; a preview gives no `path` and nothing is written."""
        self._checkpoint = checkpoint
        self._encoded = Encoded(checkpoint.crypter)
        self._before = {id(resource): resource for resource in checkpoint.resources}
        self._now: dict[str, ResourceState] = {}
        self._pending: dict[str, Pending] = {}
        self._lock = threading.Condition()
        self._path = path
        self._dirty = False
        self._closed = False
        self._write_error: OSError | None = None
        self._writer = threading.Thread(target=self._write_when_dirty, name="state-writer", daemon=True)
        if path is not None:
            self._writer.start()

    def resources(self) -> list[ResourceState]:
        """Everything, in order."""
        with self._lock:
            return [*self._now.values(), *self._before.values()]

    def remaining(self) -> list[ResourceState]:
        """What this run has not met (again): its deletion is due when the program is done."""
        with self._lock:
            return list(self._before.values())

    def settle(
        self,
        new: ResourceState,
        *,
        supersedes: ResourceState | None = None,
        replaces: ResourceState | None = None,
    ) -> None:
        """Record how a resource is now: `supersedes` is forgotten, `replaces` is still to be deleted."""
        with self._lock:
            if supersedes is not None:
                self._before.pop(id(supersedes), None)
            if replaces is not None:
                self._swap(replaces, replace(replaces, delete=True))
            self._now[new.urn] = new
            self._touch()

    def change_before(self, old: ResourceState, new: ResourceState | None) -> None:
        """Put what a refresh has read in the place of `old`, or forget it."""
        with self._lock:
            if new is None:
                self._before.pop(id(old), None)
            else:
                self._swap(old, new)
            self._touch()

    def _swap(self, old: ResourceState, new: ResourceState) -> None:
        kept = [new if resource is old else resource for resource in self._before.values()]
        self._before = {id(resource): resource for resource in kept}

    def forget(self, resource: ResourceState) -> None:
        """It is gone."""
        with self._lock:
            self._before.pop(id(resource), None)
            if self._now.get(resource.urn) is resource:
                del self._now[resource.urn]
            self._touch()

    @contextmanager
    def operation(
        self,
        kind: Literal["creating", "updating", "deleting", "reading"],
        resource: ResourceState,
    ) -> Generator[None]:
        """Keep in the state that this is under way, as the CLI does."""
        with self._lock:
            if self._write_error is not None:
                # Whatever is begun now, nobody would know of.
                raise self._unwritable(self._write_error)
            self._pending[resource.urn] = Pending(kind, resource)
            self._touch()
        try:
            yield
        finally:
            with self._lock:
                self._pending.pop(resource.urn, None)
                self._touch()

    def _touch(self) -> None:
        self._dirty = True
        self._lock.notify()

    def _write_when_dirty(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: self._dirty or self._closed)
                if not self._dirty:
                    return
                self._dirty = False
                current = replace(
                    self._checkpoint,
                    resources=[*self._now.values(), *self._before.values()],
                    pending=list(self._pending.values()),
                )
            try:
                if self._path is not None:
                    write(self._path, encode(current, self._encoded))
            except OSError as error:
                self._write_error = error
                return

    def close(self) -> Checkpoint:
        """Write the last word and return it.

        Raises:
            EngineError: the state could not be written.
        """
        with self._lock:
            self._closed = True
            self._lock.notify()
        if self._path is not None:
            self._writer.join()
        if self._write_error is not None:
            raise self._unwritable(self._write_error) from self._write_error
        if self._path is not None:
            keep_copy(self._path)
        return replace(self._checkpoint, resources=self.resources(), pending=list(self._pending.values()))

    def _unwritable(self, error: OSError) -> EngineError:
        return EngineError(
            f"the state could not be written to {self._path}: {error.strerror or error}; the last things "
            f"that it made are there but not recorded: mend the cause and run it again, which finds them",
        )
