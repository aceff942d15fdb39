"""Files in `.local/live` by which `dev` instructs the emulator and the front door."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from local.disk import replace_text
from local.processes import ProcessIdentity, start_time

_VARIABLE: Final = "NODE_ON_ECS_LIVE"
LABEL: Final = "node-on-ecs.live"
"""Label of containers that `dev` restarts; its value is the folder that they run from."""
LONGEST_RESTART_SECONDS: Final = 15.0
"""How long requests wait for an app that is being restarted."""


@dataclass(frozen=True)
class Live:
    """A folder that is mounted over an image's working directory."""

    folder: str
    """On this machine."""
    workdir: str
    """In the container."""


@dataclass(frozen=True)
class Notes:
    """The notes of all `dev` commands of a clone; those of a killed command are ignored."""

    folder: Path

    @classmethod
    def of(cls, state_dir: Path) -> Self:
        """Return the notes of a clone by its folder `.local`."""
        return cls(state_dir.resolve() / "live")

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables for `from_environment` in another process."""
        return {_VARIABLE: str(self.folder)}

    @classmethod
    def from_environment(cls) -> Self | None:
        """Return the notes that this process's environment names; None if it names none."""
        folder = os.environ.get(_VARIABLE)
        return cls(Path(folder)) if folder else None

    def images(self) -> Mapping[str, Live]:
        """Return the folder of each image that runs from one, by the image's digest."""
        images: dict[str, Live] = {}
        for path in sorted(self.folder.glob("*.json")):
            with suppress(OSError, ValueError, KeyError, TypeError):
                note: Any = json.loads(path.read_text("utf-8"))
                if ProcessIdentity.from_record(note).alive:
                    images |= {digest: Live(**live) for digest, live in note["images"].items()}
        return images

    def write(self, stack: str, images: Mapping[str, Live]) -> None:
        """Note which images of a stack run from a folder, for the lifetime of this process."""
        own = ProcessIdentity(os.getpid(), start_time(os.getpid()) or "")
        note = {**asdict(own), "images": {digest: asdict(live) for digest, live in images.items()}}
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_text(self.folder / f"{stack}.json", json.dumps(note))

    def remove(self, stack: str) -> None:
        """Delete the notes of a stack: its next tasks run their image."""
        (self.folder / f"{stack}.json").unlink(missing_ok=True)
        self.note_restart(stack, under_way=False)

    def note_restart(self, stack: str, *, under_way: bool) -> None:
        """Note whether the apps of a stack are being restarted."""
        mark = self.folder / f"{stack}.restarting"
        if under_way:
            self.folder.mkdir(parents=True, exist_ok=True)
            mark.touch()
        else:
            mark.unlink(missing_ok=True)

    def restarting_stacks(self) -> frozenset[str]:
        """Return the stacks whose apps are being restarted, so that requests should wait for them."""
        oldest = time.time() - LONGEST_RESTART_SECONDS
        stacks: set[str] = set()
        for mark in self.folder.glob("*.restarting"):
            with suppress(OSError):
                if mark.stat().st_mtime > oldest:
                    stacks.add(mark.stem)
        return frozenset(stacks)
