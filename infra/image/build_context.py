"""The build context: the same files and modes on every machine."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pulumi

from infra.image.ignore import IgnoreError, Pattern, kept_files, read_patterns

STAGING: Final = Path(".build")
"""Below the folder in which the program runs; git ignores it."""
_OURS: Final = (STAGING.name, ".local", ".venv")
"""What is made in the folder in which the program runs, and is never a part of an app that is around it."""
_KEPT: Final = 5
"""Staged contexts that stay, however old they are."""
_IN_USE_SECONDS: Final = 24 * 60 * 60
"""For how long others stay after their last use: this run, or another stack's, may still build from them."""
_READABLE: Final = 0o644
_EXECUTABLE: Final = 0o755


class BuildContextError(pulumi.RunError):
    """The app's folder cannot be built from."""


@dataclass(frozen=True)
class Staged:
    """A copy to build from."""

    context: Path
    dockerfile: Path


@dataclass(frozen=True)
class BuildContext:
    """The app's folder and its Dockerfile, as BuildKit sees them."""

    folder: Path
    dockerfile: Path

    @classmethod
    def of(cls, app_path: str, dockerfile: str | None) -> BuildContext:
        """Return the context of a folder.

        Args:
            app_path: the folder, from the project's root.
            dockerfile: from the project's root; None for the one in the folder.

        Raises:
            BuildContextError: one of them is not there.
        """
        folder = Path(app_path)
        file = Path(dockerfile) if dockerfile is not None else folder / "Dockerfile"
        if not file.is_file():
            key, said = ("app-path", app_path) if dockerfile is None else ("dockerfile", dockerfile)
            raise BuildContextError(
                f"{key} = {said!r}: {file} does not exist; `app-path` names the folder that holds the app, "
                "and `dockerfile` its Dockerfile if that is not in it, both from the project's root; "
                f"`python -m automation init --app-path {app_path}` writes one"
            )
        if not folder.is_dir():
            raise BuildContextError(f"app-path = {app_path!r}: there is no such folder in the project's root")
        return cls(folder, file)

    def files(self) -> list[str]:
        """Return the files that the ignore file lets through, sorted, relative to the folder.

        Raises:
            BuildContextError: a folder or the ignore file cannot be read.
        """
        try:
            return sorted(kept_files(self.folder, self._patterns(), _is_ours))
        except OSError as error:
            raise _unreadable(error) from error

    def stage(self, tag: str, staging: Path = STAGING) -> Staged:
        """Copy what a build sees below `<staging>/<tag>`, with modes that no umask decides.

        docker-build hashes a file's whole mode: the same commit checked out with another umask would be built
        again, and the immutable repository would refuse the tag that it has. And where the umask is strict,
        the container's user could not read the app. Of the mode only the executable bit counts, as in git.

        Args:
            tag: the content's own, so that the place changes when the content does and two runs never share
                one that is half copied.
            staging: where to put it.

        Raises:
            BuildContextError: a file cannot be read.
        """
        target = staging / tag
        if target.is_dir():
            # It is in use anew, for whoever forgets the old ones.
            target.touch()
        else:
            staging.mkdir(parents=True, exist_ok=True)
            half = Path(tempfile.mkdtemp(prefix=f"{tag}.", dir=staging))
            try:
                self._copy(half)
            except OSError as error:
                shutil.rmtree(half, ignore_errors=True)
                raise _unreadable(error) from error
            try:
                half.rename(target)
            except OSError:
                # Another run was quicker with the same content.
                shutil.rmtree(half)
            _forget_old(staging)
        return Staged(target / "context", target / "Dockerfile")

    def _copy(self, target: Path) -> None:
        context = target / "context"
        context.mkdir()
        for name in self.files():
            source, copy = self.folder / name, context / name
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy, follow_symlinks=False)
            if not copy.is_symlink():
                copy.chmod(_EXECUTABLE if is_executable(source) else _READABLE)
        shutil.copyfile(self.dockerfile, target / "Dockerfile")
        # What is to be ignored is not there any more; an ignore file in the context would be asked again.
        (target / "Dockerfile.dockerignore").write_text("")
        folders = [path for path in target.rglob("*") if path.is_dir() and not path.is_symlink()]
        for folder in (target, *folders):
            folder.chmod(_EXECUTABLE)
        for file in ("Dockerfile", "Dockerfile.dockerignore"):
            (target / file).chmod(_READABLE)

    def _patterns(self) -> list[Pattern]:
        # BuildKit asks for the Dockerfile's own ignore file first.
        beside = self.dockerfile.with_name(f"{self.dockerfile.name}.dockerignore")
        for file in (beside, self.folder / ".dockerignore"):
            if file.is_file():
                try:
                    return read_patterns(file.read_text(encoding="utf-8"))
                except UnicodeDecodeError as error:
                    raise BuildContextError(f"{file} is not UTF-8: {error.reason}") from error
                except IgnoreError as error:
                    raise BuildContextError(f"{file}: {error}") from error
        return []


def is_executable(path: Path) -> bool:
    """Whether its owner may execute a file."""
    return bool(path.stat().st_mode & 0o100)


def _is_ours(folder: Path) -> bool:
    """Whether this project makes a folder: a context that holds the project would grow at each run."""
    if folder.name not in (*_OURS, "__pycache__"):
        return False
    here, path = Path.cwd(), folder.resolve()
    return path.parent == here if folder.name in _OURS else here in path.parents


def _unreadable(error: OSError) -> BuildContextError:
    return BuildContextError(f"{error.filename} cannot be read, and the build needs it: {error.strerror}")


def _forget_old(staging: Path) -> None:
    used: dict[Path, float] = {}
    for path in staging.iterdir():
        # Another run may be at it, too.
        with contextlib.suppress(FileNotFoundError):
            used[path] = path.stat().st_mtime
    for path in sorted(used, key=used.__getitem__, reverse=True)[_KEPT:]:
        if used[path] < time.time() - _IN_USE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
