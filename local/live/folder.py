"""What an image works in, as a folder on this machine, with the app's files as they are now."""

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
_READABLE: Final = 0o644
_EXECUTABLE: Final = 0o755


@dataclass(frozen=True, kw_only=True)
class LiveFolder:
    """A copy of an image's working directory, into which files of the app are put."""

    path: Path
    workdir: str
    """The same folder in the image."""

    @classmethod
    def of_image(cls, image: str, path: Path) -> Self:
        """Copy what an image has in its working directory to a folder, in place of what is there.

        Raises:
            DockerError: no daemon, no such image, no working directory of its own, or it does not run Node.
        """
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        with docker_engine(f"read what {image} works in") as api:
            try:
                config: Mapping[str, Any] = api.inspect_image(image)["Config"]
            except ImageNotFound as error:
                raise DockerError(f"the image {image} is not in the daemon any more") from error
            workdir = str(config.get("WorkingDir") or "").rstrip("/")
            if not workdir:
                raise DockerError("its Dockerfile has no WORKDIR, so there is no folder to replace")
            container = api.create_container(image, command=["none"])["Id"]
            try:
                if not _has_node(api, container, config):
                    raise DockerError("it has no `node` on its PATH, which would start the app again")
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
        """What the emulator has to know of it."""
        return Live(str(self.path), self.workdir)

    def holds(self, place: str) -> bool:
        """Whether a path of the image is in it, and not behind a link of the image that leads out of it."""
        if not PurePosixPath(place).is_relative_to(self.workdir):
            return False
        target = self._target(place)
        folder = target if target == self.path else target.parent
        return folder.resolve().is_relative_to(self.path.resolve())

    def put(self, files: Mapping[str, Path]) -> None:
        """Make of each file that the image has at a place what it is now: another one, or gone."""
        for place, source in files.items():
            target = self._target(place)
            if source.is_symlink() or source.is_file():
                try:
                    _copy(source, target)
                except FileNotFoundError:
                    # It was there a moment ago; what comes in its place is the next change.
                    continue
            else:
                with suppress(OSError):
                    target.unlink()

    def _target(self, place: str) -> Path:
        return self.path / PurePosixPath(place).relative_to(self.workdir)


def _has_node(api: Any, container: str, config: Mapping[str, Any]) -> bool:
    variables = dict(one.split("=", 1) for one in config.get("Env") or ())
    for folder in variables.get("PATH", _PATH).split(":"):
        with suppress(NotFound):
            api.get_archive(container, f"{folder}/node")
            return True
    return False


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that a reader sees the one or the other, with the modes that a build gives it."""
    for folder in reversed(target.parents):
        if not folder.exists():
            folder.mkdir()
            folder.chmod(_EXECUTABLE)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    draft = target.with_name(f".{target.name}.new")
    draft.unlink(missing_ok=True)
    shutil.copyfile(source, draft, follow_symlinks=False)
    if not draft.is_symlink():
        draft.chmod(_EXECUTABLE if source.stat().st_mode & 0o100 else _READABLE)
    draft.replace(target)


class _Pieces(io.RawIOBase):
    """Reads bytes that come in pieces."""

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
    """Unpack an archive whose only entry is a folder, without that folder."""
    with tarfile.open(fileobj=io.BufferedReader(_Pieces(pieces)), mode="r|") as archive:
        archive.extraction_filter = getattr(tarfile, "tar_filter", None)
        for member in archive:
            _, _, member.name = member.name.partition("/")
            if member.islnk():
                _, _, member.linkname = member.linkname.partition("/")
            if member.name and (member.isfile() or member.isdir() or member.issym() or member.islnk()):
                archive.extract(member, path, numeric_owner=True)
            elif not member.name:
                path.chmod(member.mode | 0o500)
