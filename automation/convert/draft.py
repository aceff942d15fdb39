"""A service on its way from another tool's file into a stack file."""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from automation.convert.dockerfile import user_of
from automation.convert.fields import Field
from automation.convert.report import Report
from automation.convert.source import Source, text_of
from infra.settings.model import Pattern
from infra.settings.names import ImageReference

_IMAGE_REFERENCE: Final[Pattern] = get_args(ImageReference)[1]
_DOCKERFILE: Final = "Dockerfile"
_X86: Final = ("x86_64", "amd64")


@dataclass(frozen=True)
class Paths:
    """Paths of the file that is converted, as seen from there and from this project."""

    folder: Path
    """The folder that the file's paths are relative to."""
    project: Path
    """The project's folder, which paths in stack files are relative to."""

    def in_project(self, path: str) -> str:
        """Return a path of the file as one of a stack file."""
        absolute = os.path.normpath(os.path.join(self.folder.resolve(), path))  # noqa: PTH118 -- may be absolute
        return Path(os.path.relpath(absolute, self.project.resolve())).as_posix()

    def file(self, path: str) -> Path:
        """Return a path of the file as one that can be opened."""
        return self.folder / path


class Draft(Source):
    """A service, or an environment: the fields of its file, the keys that they become, and its report."""

    def __init__(self, values: Mapping[str, Any], name: str, origin: str, report: Report) -> None:
        super().__init__(values)
        self.name = name
        """The service's name in the stack."""
        self.origin = origin
        """Its name in the file that is converted."""
        self.report = report.about(origin)
        self.keys: dict[str, Any] = {}
        """Keys of the stack file, as if the service were the only one of its stack."""
        self.hosts: list[str] = []
        """Host names under which it is reached from outside."""

    @property
    def exposure(self) -> str:
        """How it is reached."""
        return self.keys.get("exposure", "http")

    def copy_fields(
        self, fields: Iterable[Field], prefix: str = "", *, at: str = "", into: dict[str, Any] | None = None
    ) -> None:
        """Set the keys of the fields whose row names a reader; of several for one key the first counts.

        Args:
            fields: the table.
            prefix: only fields whose names begin so.
            at: the prefix with names in place of each `*`.
            into: the object to set the keys in; the service's own if left out.
        """
        keys = self.keys if into is None else into
        for field in (field for field in fields if field.reader and field.name.startswith(prefix)):
            if "*" not in field.name or at:
                value = getattr(self, field.reader)((at or prefix) + field.name.removeprefix(prefix))
                if value not in (None, "", []):
                    keys.setdefault(field.keys.strip("`").removeprefix(prefix), value)

    def words(self, path: str) -> list[str]:
        """Return a command as a list; a text is split as a shell does."""
        text = text_of(self.peek(path))
        try:
            words = self.texts(path) if text is None else shlex.split(self.text(path) or "")
        except ValueError as error:
            self.report.missing(path, f"left out, since a shell could not read it either: {error}")
            return []
        # The CLI drops a line break before a text, which means nothing to a shell.
        return [word.lstrip("\n") for word in words]

    def url_path(self, path: str) -> str | None:
        """Return the path of a URL, which begins with a slash."""
        text = self.text(path)
        return text if text is None or text.startswith("/") else f"/{text}"

    def set_build(
        self, field: str, paths: Paths, *, context: str, dockerfile: str, may_lack: bool = False
    ) -> None:
        """Set the keys of an image that is built, and the user that its Dockerfile names.

        Args:
            field: the field for notes.
            paths: where the file's paths lead.
            context: the folder that is sent to the build.
            dockerfile: the Dockerfile, both as seen from the file's folder.
            may_lack: whether the Dockerfile is somewhere else.
        """
        dockerfile = posixpath.normpath(dockerfile)
        self.keys["app-path"] = paths.in_project(context)
        if dockerfile != posixpath.normpath(posixpath.join(context, _DOCKERFILE)):
            self.keys["dockerfile"] = paths.in_project(dockerfile)
        file = paths.file(dockerfile)
        if user := user_of(file, self.keys.get("build-target")):
            self.keys["user"] = user
        elif file.exists():
            self.report.differs(
                field,
                f"{dockerfile} names no user, so the image runs as that of its base, mostly root; here it"
                " runs as 1000. Files that the app writes have to belong to that user, or set another `user`",
            )
        elif not may_lack:
            self.report.todo(
                field, f"there is no {dockerfile} in {paths.folder}: correct `app-path` and `dockerfile`"
            )


def architecture_of(platform: str) -> str:
    """Return the `architecture` of a platform such as linux/amd64."""
    return "x86_64" if any(name in platform.lower() for name in _X86) else "arm64"


def is_image(text: str) -> bool:
    """Whether a text names an image: without one a service would run the image of the main service."""
    return _IMAGE_REFERENCE.matches(text)


def short_name(name: str, most: int = 255) -> str:
    """Return a name of lowercase letters, digits and hyphens: `myCache` and `my_cache` are my-cache."""
    separated = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name).lower()
    return re.sub(r"[^a-z0-9]+", "-", separated).strip("-")[:most].strip("-")
