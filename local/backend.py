"""The states of local stacks, in the Pulumi CLI's file backend."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.disk import replace_text
from local.errors import LocalError

_REFERENCE: Final = "pulumi:pulumi:StackReference"
_STATE_VERSION: Final = 3
"""Version of a state file's format (pulumi/pulumi sdk/go/common/apitype/core.go, VersionedCheckpoint)."""


class BrokenStateError(LocalError):
    """A state file cannot be read."""


@dataclass(frozen=True)
class State:
    """The parts of a stack's state that are needed before the CLI runs."""

    resources: tuple[Mapping[str, Any], ...] = ()
    salt: str = ""
    """Salt of the secrets in it."""

    @property
    def identifiers(self) -> list[tuple[str, str]]:
        """(type, id) of every resource that a provider created."""
        return [
            (item["type"], item["id"]) for item in self.resources if item.get("custom") and item.get("id")
        ]

    @property
    def references(self) -> set[str]:
        """Names of the stacks whose outputs this one reads."""
        references = (item for item in self.resources if item["type"] == _REFERENCE)
        return {str(item.get("id", "")).rpartition("/")[2] for item in references}

    @property
    def networks(self) -> set[str]:
        """Ids of the VPCs that its resources are in."""
        every: Iterator[Mapping[str, Any]] = (item.get("inputs") or {} for item in self.resources)
        return {str(inputs["vpcId"]) for inputs in every if inputs.get("vpcId")}


@dataclass(frozen=True)
class Backend:
    """A folder of the CLI's file backend."""

    folder: Path
    project: str

    @property
    def url(self) -> str:
        """Value of `PULUMI_BACKEND_URL`."""
        # Without metadata files, which would record each state's content type.
        return f"file://{self.folder}?metadata=skip"

    @property
    def _states(self) -> Path:
        return self.folder / ".pulumi" / "stacks" / self.project

    def path(self, stack: str) -> Path:
        """Return the file of a stack's state."""
        return self._states / f"{stack}.json"

    def stacks(self) -> list[str]:
        """Names of the stacks that have a state."""
        return sorted(path.stem for path in self._states.glob("*.json"))

    def read(self, stack: str) -> State:
        """Read a stack's state; empty if it has none.

        Raises:
            BrokenStateError: the file is truncated or corrupt; the message says how to restore it.
        """
        path = self.path(stack)
        if not path.exists():
            return State()
        try:
            latest: dict[str, Any] = json.loads(path.read_text("utf-8"))["checkpoint"].get("latest") or {}
            provider: dict[str, Any] = latest.get("secrets_providers") or {}
            secrets: dict[str, Any] = provider.get("state") or {}
            state = State(tuple(latest.get("resources") or ()), secrets.get("salt") or "")
            # Reading them checks their form.
            _ = state.identifiers, state.references
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            copy = self._copy(stack)
            restore = f"restore the last good copy (`cp {copy} {path}`), or " if copy.exists() else ""
            raise BrokenStateError(
                f"state file {path} is truncated or corrupt ({error}): {restore}delete it by `make down`"
            ) from error
        return state

    def create(self, stack: str) -> None:
        """Write an empty state if the stack has none; `pulumi stack init` takes half a second.

        The CLI adds the encryption of secrets on its first run.
        """
        path = self.path(stack)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            checkpoint = {"stack": f"organization/{self.project}/{stack}", "latest": None}
            replace_text(path, json.dumps({"version": _STATE_VERSION, "checkpoint": checkpoint}))

    def keep_copy(self, stack: str) -> None:
        """Back up the state of a finished run, in case the file is damaged later."""
        temporary = self.path(stack).with_suffix(".json.tmp")
        # The state itself is complete, so a disk that is too full for a copy is not an error.
        with suppress(OSError):
            shutil.copyfile(self.path(stack), temporary)
            temporary.replace(self._copy(stack))

    def restore_if_broken(self, stack: str) -> None:
        """Restore the copy over a truncated state, which the CLI leaves on a full disk.

        Resources that the copy lacks are found by their tags.
        """
        try:
            self.read(stack)
        except BrokenStateError:
            # A rename needs no room. The next successful run makes another copy.
            with suppress(FileNotFoundError):
                self._copy(stack).replace(self.path(stack))

    def belongs_to(self, stack: str, emulator: str) -> bool:
        """Whether a stack's state describes what is in this emulator."""
        try:
            return self._emulator_of(stack).read_text("utf-8").strip() == emulator
        except FileNotFoundError:
            return False

    def assign(self, stack: str, emulator: str) -> None:
        """Record that a stack is in this emulator."""
        path = self._emulator_of(stack)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_text(path, f"{emulator}\n")

    def set_aside(self, stack: str, folder: Path) -> None:
        """Move a state that describes another emulator to `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path(stack).replace(folder / f"{stack}.json")
        self.forget(stack)

    def forget(self, stack: str) -> None:
        """Delete the state of a stack and the CLI's files for it."""
        for path in self._files_of(stack):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def remove_lock(self, stack: str) -> None:
        """Remove the CLI's lock, which is stale when the caller holds `stack_locked`."""
        for path in self._locks(stack).glob("*.json"):
            path.unlink(missing_ok=True)

    def _files_of(self, stack: str) -> Iterator[Path]:
        yield from (self.path(stack), self._copy(stack), self._locks(stack), self._emulator_of(stack))
        yield from (self.folder / ".pulumi" / kind / self.project / stack for kind in ("history", "backups"))

    def _emulator_of(self, stack: str) -> Path:
        return self.folder / "emulators" / stack

    def _copy(self, stack: str) -> Path:
        return self.path(stack).with_suffix(".json.bak")

    def _locks(self, stack: str) -> Path:
        return self.folder / ".pulumi" / "locks" / "organization" / self.project / stack
