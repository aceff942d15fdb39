"""The apps that a stack is built from, and what a change of one of their files asks for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from automation.errors import AutomationError
from infra.image.build_context import BuildContext, BuildContextError
from infra.settings import ImageSettings, Settings
from local.live.dockerfile import Built, Copied, Dockerfile

FileState = tuple[int, int, int]
"""Time of the last change, size and mode: enough to see that a file is another one."""

_OF_BUILD: Final = "\0"
"""Begins the names of files that no build sees, but that decide about it."""


@dataclass(frozen=True, kw_only=True)
class App:
    """A folder that an image is built from, and the services that run it."""

    name: str
    """The service whose own image it is; the main one's for all services without one of their own."""
    main: bool
    source: ImageSettings
    services: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """The build context."""
        return Path(self.source.app_path)

    @property
    def dockerfile(self) -> Path:
        """The Dockerfile."""
        return Path(self.source.dockerfile) if self.source.dockerfile else self.folder / "Dockerfile"

    def files(self) -> Mapping[str, FileState]:
        """Return what a build sees, by name in the folder, and the Dockerfile by its path in the project.

        Raises:
            AutomationError: a folder, the Dockerfile or the ignore file cannot be read.
        """
        found: dict[str, FileState] = {}
        try:
            names = BuildContext.of(self.source.app_path, self.source.dockerfile).files()
        except BuildContextError as error:
            raise AutomationError(str(error)) from error
        for name, path in (*((name, self.folder / name) for name in names), (_OF_BUILD, self.dockerfile)):
            # It may be gone again.
            with suppress(OSError):
                state = path.lstat()
                found[name] = (state.st_mtime_ns, state.st_size, state.st_mode)
        for ignore in (self.folder / ".dockerignore", Path(f"{self.dockerfile}.dockerignore")):
            with suppress(OSError):
                found[f"{_OF_BUILD}{ignore.name}"] = (ignore.stat().st_mtime_ns, ignore.stat().st_size, 0)
        return found

    def plan(self) -> Dockerfile:
        """Return what the Dockerfile makes of each file.

        Raises:
            AutomationError: it cannot be read.
        """
        scripts: Mapping[str, Any] = {}
        with suppress(OSError, ValueError, AttributeError):
            scripts = json.loads((self.folder / "package.json").read_text("utf-8")).get("scripts") or {}
        try:
            text = self.dockerfile.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise AutomationError(f"{self.dockerfile} cannot be read: {error}") from error
        return Dockerfile(
            text,
            arguments=self.source.build_args,
            target=self.source.build_target,
            scripts=[*scripts],
        )

    def effects(self, names: Iterable[str], plan: Dockerfile) -> tuple[Mapping[str, Path], Sequence[str]]:
        """Return what takes the place of what in the image, and why it has to be built anew if it has to.

        Args:
            names: files of :meth:`files`, or that were among them.
            plan: of the Dockerfile.
        """
        copied: dict[str, Path] = {}
        built: list[str] = []
        for name in names:
            if name.startswith(_OF_BUILD):
                built.append(f"{name.removeprefix(_OF_BUILD) or self.dockerfile}: it says how to build")
                continue
            match plan.effect(name):
                case Copied(place):
                    copied[place] = self.folder / name
                case Built(why):
                    built.append(f"{self.folder / name}: {why}")
                case None:
                    pass
        return copied, built


def apps_of(settings: Settings) -> Iterator[App]:
    """Yield the apps that a stack builds; ready images and those of other stacks are none."""
    own = {name: one.source for name, one in settings.more_services.items() if one.source}
    for name, source in ((None, settings.image), *own.items()):
        if source.image is None and source.image_from is None:
            services = tuple(
                one.name for one in settings.services if one.image is None and one.image_of == name
            )
            yield App(name=name or settings.main.name, main=name is None, source=source, services=services)
