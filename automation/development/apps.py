"""The apps that a stack builds images from, and the effect of a change in their files."""

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
"""Time of the last change, size and mode."""

_BUILD_FILE: Final = "\0"
"""Prefix of the names of the Dockerfile and ignore files, which are not in the build context."""


@dataclass(frozen=True, kw_only=True)
class App:
    """A folder that an image is built from, and the services that run the image."""

    name: str
    """Name of the service with this image; the main service's, if services without their own image run it."""
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
        """Return the files of the build context, by path in the folder, and those that define the build.

        Raises:
            AutomationError: a folder, the Dockerfile or the ignore file cannot be read.
        """
        try:
            names = BuildContext.of(self.source.app_path, self.source.dockerfile).files()
        except BuildContextError as error:
            raise AutomationError(str(error)) from error
        paths = {name: self.folder / name for name in names}
        paths[_BUILD_FILE] = self.dockerfile
        for ignore in (self.folder / ".dockerignore", Path(f"{self.dockerfile}.dockerignore")):
            paths[f"{_BUILD_FILE}{ignore.name}"] = ignore
        states: dict[str, FileState] = {}
        for name, path in paths.items():
            # It may not exist, or have been deleted.
            with suppress(OSError):
                state = path.lstat()
                states[name] = (state.st_mtime_ns, state.st_size, state.st_mode)
        return states

    def plan(self) -> Dockerfile:
        """Return the Dockerfile, which knows its effect on each file.

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
        """Return files to copy by their path in the image, and reasons why the image has to be built.

        Args:
            names: names that :meth:`files` returns or has returned.
            plan: the Dockerfile.
        """
        copied: dict[str, Path] = {}
        built: list[str] = []
        for name in names:
            if name.startswith(_BUILD_FILE):
                built.append(f"{name.removeprefix(_BUILD_FILE) or self.dockerfile}: it defines the build")
                continue
            match plan.effect(name):
                case Copied(path):
                    copied[path] = self.folder / name
                case Built(why):
                    built.append(f"{self.folder / name}: {why}")
                case None:
                    pass
        return copied, built


def apps_of(settings: Settings) -> Iterator[App]:
    """Yield the apps that a stack builds, not images from a registry or another stack."""
    own = {name: service.source for name, service in settings.more_services.items() if service.source}
    for name, source in ((None, settings.image), *own.items()):
        if source.image is None and source.image_from is None:
            services = tuple(
                service.name
                for service in settings.services
                if service.image is None and service.image_of == name
            )
            yield App(name=name or settings.main.name, main=name is None, source=source, services=services)
