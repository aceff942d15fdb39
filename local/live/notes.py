"""What `dev` tells the emulator and the front door, in files of `.local/live`."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from local.disk import replace_text
from local.processes import ProcessIdentity

_VARIABLE: Final = "NODE_ON_ECS_LIVE"
LABEL: Final = "node-on-ecs.live"
"""Label of containers that are restarted, with the folder that they run."""
LONGEST_RESTART_SECONDS: Final = 15.0
"""How long requests wait for an app that starts again."""


@dataclass(frozen=True)
class Live:
    """What takes the place of an image's working directory."""

    folder: str
    """On this machine."""
    workdir: str
    """In the container."""


@dataclass(frozen=True)
class Notes:
    """The notes of all `dev` commands of a clone; those of one that has been killed count no more."""

    folder: Path

    @classmethod
    def of(cls, state_dir: Path) -> Self:
        """Return those of a clone by its folder `.local`."""
        return cls(state_dir.resolve() / "live")

    @property
    def variables(self) -> Mapping[str, str]:
        """Variables by which a process finds them."""
        return {_VARIABLE: str(self.folder)}

    @classmethod
    def told(cls) -> Self | None:
        """Return those that this process was started with; None if it was started without."""
        folder = os.environ.get(_VARIABLE)
        return cls(Path(folder)) if folder else None

    def images(self) -> Mapping[str, Live]:
        """Return what runs from a folder, by the image's digest."""
        found: dict[str, Live] = {}
        for path in sorted(self.folder.glob("*.json")):
            try:
                note: Any = json.loads(path.read_text("utf-8"))
                if ProcessIdentity(int(note["pid"]), str(note["started"])).alive:
                    found |= {digest: Live(**live) for digest, live in note["images"].items()}
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return found

    def write(self, stack: str, images: Mapping[str, Live]) -> None:
        """Note what of a stack runs from a folder, for as long as this process lives."""
        own = ProcessIdentity.of(os.getpid())
        note = {
            "pid": os.getpid(),
            "started": own.started if own else "",
            "images": {digest: asdict(live) for digest, live in images.items()},
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_text(self.folder / f"{stack}.json", json.dumps(note))

    def remove(self, stack: str) -> None:
        """Forget a stack: its next tasks run their image."""
        (self.folder / f"{stack}.json").unlink(missing_ok=True)
        self.note_restart(stack, under_way=False)

    def note_restart(self, stack: str, *, under_way: bool) -> None:
        """Note that the apps of a stack start again, or that they have."""
        mark = self.folder / f"{stack}.restarting"
        if under_way:
            self.folder.mkdir(parents=True, exist_ok=True)
            mark.touch()
        else:
            mark.unlink(missing_ok=True)

    def restart_under_way(self) -> bool:
        """Whether an app starts again, so that a request is better kept than refused."""
        oldest = time.time() - LONGEST_RESTART_SECONDS
        for mark in self.folder.glob("*.restarting"):
            try:
                if mark.stat().st_mtime > oldest:
                    return True
            except OSError:
                continue
        return False
