"""A copy of an image's working directory on this machine, with the app's current files."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

from docker.errors import ImageNotFound, NotFound

from local.docker import DockerError, docker_engine
from local.live.notes import Live

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Docker's default."""
_FILE_MODE: Final = 0o644
_EXECUTABLE_MODE: Final = 0o755
"""Modes of files in a build."""


@dataclass(frozen=True, kw_only=True)
class LiveFolder:
    """A copy of an image's working directory, to which changed files of the app are copied."""

    path: Path
    workdir: str
    """Path of the working directory in the image."""

    @classmethod
    def of_image(cls, image: str, path: Path) -> Self:
        """Replace a folder by a copy of an image's working directory.

        Raises:
            DockerError: no daemon answers, or the image is missing, has no WORKDIR or no Node.
        """
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        with docker_engine(f"copy the working directory of {image}") as api:
            try:
                config: Mapping[str, Any] = api.inspect_image(image)["Config"]
            except ImageNotFound as error:
                raise DockerError(f"the image {image} has been removed from the daemon") from error
            workdir = str(config.get("WorkingDir") or "").rstrip("/")
            if not workdir:
                raise DockerError("its Dockerfile has no WORKDIR, so there is no folder to mount")
            container = api.create_container(image, command=["none"])["Id"]
            try:
                if not _has_node(api, container, config):
                    raise DockerError("it has no `node` on its PATH, which restarts the app")
                pieces, _ = api.get_archive(container, workdir)
                try:
                    _unpack(pieces, path)
                except (tarfile.TarError, OSError) as error:
                    raise DockerError(f"{workdir} of it cannot be unpacked to {path}: {error}") from error
            finally:
                api.remove_container(container, v=True, force=True)
        return cls(path=path, workdir=workdir)

    @property
    def live(self) -> Live:
        """The note about it for the emulator."""
        return Live(str(self.path), self.workdir)

    def contains(self, path: str) -> bool:
        """Whether a path of the image is in it, and not behind a symbolic link that leaves it."""
        if not PurePosixPath(path).is_relative_to(self.workdir):
            return False
        target = self._target(path)
        folder = target if target == self.path else target.parent
        return folder.resolve().is_relative_to(self.path.resolve())

    def put(self, files: Mapping[str, Path]) -> None:
        """Copy files, by their paths in the image; delete those whose source no longer exists."""
        for path, source in files.items():
            target = self._target(path)
            if source.is_symlink() or source.is_file():
                # If it is deleted meanwhile, its replacement is the next change.
                with suppress(FileNotFoundError):
                    _copy(source, target)
            else:
                with suppress(OSError):
                    target.unlink()

    def _target(self, path: str) -> Path:
        return self.path / PurePosixPath(path).relative_to(self.workdir)


def _has_node(api: Any, container: str, config: Mapping[str, Any]) -> bool:
    variables = dict(variable.split("=", 1) for variable in config.get("Env") or ())
    for folder in variables.get("PATH", _PATH).split(":"):
        with suppress(NotFound):
            api.get_archive(container, f"{folder}/node")
            return True
    return False


def _copy(source: Path, target: Path) -> None:
    """Replace a file atomically, with the mode that a build gives it."""
    for folder in reversed(target.parents):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(_EXECUTABLE_MODE)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    shutil.copyfile(source, draft, follow_symlinks=False)
    if not draft.is_symlink():
        draft.chmod(_EXECUTABLE_MODE if source.stat().st_mode & 0o100 else _FILE_MODE)
    draft.replace(target)


class _Stream(io.RawIOBase):
    """A file of bytes that arrive in pieces."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def _unpack(pieces: Iterable[bytes], path: Path) -> None:
    """Unpack the contents of an archive's only folder."""
    with tarfile.open(fileobj=io.BufferedReader(_Stream(pieces)), mode="r|") as archive:
        archive.extraction_filter = getattr(tarfile, "tar_filter", None)
        for member in archive:
            _, _, member.name = member.name.partition("/")
            if member.islnk():
                _, _, member.linkname = member.linkname.partition("/")
            if member.name and (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                archive.extract(member, path, numeric_owner=True)
            elif not member.name:
                path.chmod(member.mode | 0o500)
