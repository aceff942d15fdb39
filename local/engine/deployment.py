"""A whole run: preview, up or destroy of one stack."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from google.protobuf import empty_pb2
from pulumi.runtime import stack as sdk_stack
from pulumi.runtime.proto import engine_pb2
from pulumi.runtime.settings import Settings, configure

from local.engine import state as states
from local.engine.callbacks import Callbacks
from local.engine.catalogue import Catalogue
from local.engine.clouds import PROVIDER_PREFIX, Clouds
from local.engine.deletion import delete_all, unprotected
from local.engine.errors import InterruptedRunError, StepFailedError
from local.engine.events import Event, Listener
from local.engine.monitor import Monitor
from local.engine.refreshing import refresh
from local.engine.snapshot import Snapshot
from local.engine.state import Checkpoint, ResourceState
from local.engine.steps import Steps, Surroundings

_REGISTRATIONS_AT_ONCE = 64
_INTERRUPTED_EXIT_CODE = 130

Log = Callable[[str, str], None]
"""Called with a severity (debug, info, warning, error) and a message of the program."""


@dataclass(frozen=True)
class Target:
    """Which stack, where its state is, and the emulator that it describes."""

    project: str
    stack: str
    root: Path
    """The project's folder: the program runs in it."""
    backend: Path
    endpoint: str
    passphrase: str

    @property
    def state_path(self) -> Path:
        """The state file."""
        return states.path_of(self.backend, self.project, self.stack)

    @property
    def marker_path(self) -> Path:
        """There while a run is under way, and after one that did not end well."""
        return self.state_path.with_suffix(".running")


class _Engine:
    """What the SDK calls an engine: where its log goes."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def Log(self, request: Any) -> Any:  # noqa: N802 -- the protocol's name
        severity = engine_pb2.LogSeverity.Name(request.severity).lower()
        self._log(severity, request.message)
        return empty_pb2.Empty()


class Deployment:
    """One run of one stack; not to be used twice."""

    def __init__(
        self,
        target: Target,
        catalogue: Catalogue,
        *,
        dry_run: bool,
        listen: Listener,
        log: Log,
    ) -> None:
        self._target = target
        self._catalogue = catalogue
        self._dry_run = dry_run
        self._log = log
        checkpoint = states.load(target.state_path, target.project, target.stack, target.passphrase)
        checkpoint.crypter.warm_up()
        recovering = target.marker_path.exists() or bool(checkpoint.pending)
        if not dry_run:
            target.marker_path.parent.mkdir(parents=True, exist_ok=True)
            target.marker_path.write_text(f"{os.getpid()}\n")
        self._snapshot = Snapshot(checkpoint, None if dry_run else target.state_path)
        self._callbacks = Callbacks()
        self._clouds = Clouds(target.endpoint, self._report)
        for resource in checkpoint.resources:
            if resource.type.startswith(PROVIDER_PREFIX):
                self._clouds.add(resource)
        self._around = Surroundings(
            snapshot=self._snapshot,
            handlers=catalogue.handlers,
            cloud_of=self._clouds.of,
            callbacks=self._callbacks,
            listen=listen,
            dry_run=dry_run,
            recovering=recovering,
        )
        self._listen = listen
        self._steps: Steps | None = None
        self._interrupted = threading.Event()

    def _report(self, urn: str, message: str) -> None:
        self._listen(Event("progress", "update", urn, urn.split("::")[2].rsplit("$", 1)[-1], message=message))

    def refresh(self) -> None:
        """Read back what the state says; see `refreshing.refresh`."""
        refresh(self._around, self._snapshot.remaining())

    def read_back(self) -> Checkpoint:
        """Refresh, and do nothing else."""
        try:
            self.refresh()
        finally:
            checkpoint = self._close()
        self._ended_well()
        return checkpoint

    def up(
        self, program: Callable[[], None], config: Mapping[str, str], secret_keys: list[str]
    ) -> Checkpoint:
        """Run the program and do what it asks for; in a preview, show it.

        Raises:
            StepFailedError: something could not be made, changed or deleted.
            InterruptedRunError: the person stopped the run.
            Exception: whatever the program itself raises.
        """
        before = {r.urn: r for r in self._snapshot.remaining() if not r.delete}
        steps = self._steps = Steps(self._around, before)
        monitor = Monitor(
            project=self._target.project,
            stack=self._target.stack,
            around=self._around,
            steps=steps,
            catalogue=self._catalogue,
            clouds=self._clouds,
            backend=self._target.backend,
            passphrase=self._target.passphrase,
            config=config,
            finish=lambda: self._delete(self._snapshot.remaining()),
        )
        pulumi.runtime.set_all_config(dict(config), secret_keys)
        configure(
            Settings(
                project=self._target.project,
                stack=self._target.stack,
                monitor=monitor,
                engine=_Engine(self._log),
                dry_run=self._dry_run,
                organization="organization",
                root_directory=str(self._target.root),
            ),
        )
        try:
            asyncio.run(self._run(program))
            monitor.settle_outputs(failed=False)
        except BaseException as error:
            monitor.settle_outputs(failed=True)
            if self._interrupted.is_set():
                raise InterruptedRunError(
                    "interrupted: what was made is in the state, and the next run goes on from there",
                ) from error
            if steps.reason is not None and not isinstance(error, pulumi.RunError):
                raise StepFailedError(str(steps.reason)) from error
            raise
        finally:
            checkpoint = self._close()
        self._ended_well()
        return checkpoint

    async def _run(self, program: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        # One failed registration leaves failed futures everywhere; the failure itself is told once.
        loop.set_exception_handler(lambda _loop, _context: None)
        # The SDK registers each resource on a thread of the default executor, which has six of them on two
        # cores: independent resources would wait for one another.
        loop.set_default_executor(ThreadPoolExecutor(_REGISTRATIONS_AT_ONCE, thread_name_prefix="register"))
        task = asyncio.current_task()
        in_main_thread = threading.current_thread() is threading.main_thread()
        for number in (signal.SIGINT, signal.SIGTERM) if in_main_thread else ():
            loop.add_signal_handler(number, self._interrupt, task)
        await sdk_stack.run_in_stack(program)

    def _interrupt(self, task: asyncio.Task[Any] | None) -> None:
        if self._interrupted.is_set():
            os._exit(_INTERRUPTED_EXIT_CODE)
        self._interrupted.set()
        self._log(
            "warning", "stopping: what is under way is finished first; press Ctrl-C again to stop at once"
        )
        if self._steps is not None:
            self._steps.stop(InterruptedRunError("the run was stopped"))
        if task is not None:
            task.cancel()

    def destroy(self, *, unprotect: bool = False) -> Checkpoint:
        """Delete everything that the state holds.

        Raises:
            StepFailedError: something could not be deleted, or is protected and `unprotect` is false.
        """
        try:
            resources = self._snapshot.remaining()
            if unprotect:
                resources = [unprotected(resource) for resource in resources]
                for old, new in zip(self._snapshot.remaining(), resources, strict=True):
                    self._snapshot.change_before(old, new)
            self._delete(resources)
        finally:
            checkpoint = self._close()
        self._ended_well()
        return checkpoint

    def _delete(self, doomed: list[ResourceState]) -> None:
        delete_all(self._around, doomed, self._interrupted.is_set)

    def _close(self) -> Checkpoint:
        self._callbacks.close()
        return self._snapshot.close()

    def _ended_well(self) -> None:
        if not self._dry_run:
            self._target.marker_path.unlink(missing_ok=True)
