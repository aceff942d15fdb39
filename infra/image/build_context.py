"""The build context, with the same files and modes on every machine."""

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
"""Relative to the project's folder; git ignores it."""
_PROJECT_FOLDERS: Final = (STAGING.name, ".local", ".venv")
"""Generated folders in the project's folder, which a context that contains the project excludes."""
_RETAINED: Final = 5
"""Number of staged contexts that are kept at any age."""
_IN_USE_SECONDS: Final = 24 * 60 * 60
"""Older contexts are kept this long after their last use: a run of another stack may build from them."""
_READABLE: Final = 0o644
_EXECUTABLE: Final = 0o755


class BuildContextError(pulumi.RunError):
    """The app's folder cannot be built."""


@dataclass(frozen=True)
class Staged:
    """A copy of a context, from which the image is built."""

    context: Path
    dockerfile: Path


@dataclass(frozen=True)
class BuildContext:
    """The app's folder and its Dockerfile."""

    folder: Path
    dockerfile: Path

    @classmethod
    def of(cls, app_path: str, dockerfile: str | None) -> BuildContext:
        """Return the context of a folder.

        Args:
            app_path: the folder, relative to the project's root.
            dockerfile: relative to the project's root; None for the one in the folder.

        Raises:
            BuildContextError: one of them does not exist.
        """
        folder = Path(app_path)
        file = Path(dockerfile) if dockerfile is not None else folder / "Dockerfile"
        if not file.is_file():
            key, value = ("app-path", app_path) if dockerfile is None else ("dockerfile", dockerfile)
            raise BuildContextError(
                f"{key} = {value!r}: {file} does not exist; `app-path` is the folder of the app, and "
                "`dockerfile` its Dockerfile if it is elsewhere, both relative to the project's root; "
                f"`python -m automation init --app-path {app_path}` writes one"
            )
        if not folder.is_dir():
            raise BuildContextError(
                f"app-path = {app_path!r}: this folder does not exist in the project's root"
            )
        return cls(folder, file)

    def files(self) -> list[str]:
        """Return the files that are not ignored, sorted, relative to the folder.

        Raises:
            BuildContextError: a folder or the ignore file cannot be read.
        """
        try:
            return sorted(kept_files(self.folder, self._patterns(), _is_generated))
        except OSError as error:
            raise _unreadable(error) from error

    def stage(self, tag: str, staging: Path = STAGING) -> Staged:
        """Copy the context to `<staging>/<tag>`, with modes that do not depend on the umask.

        docker-build hashes the entire mode of a file: a commit that is checked out with another umask would
        be built again, and the immutable repository would reject the existing tag. With a strict umask the
        container's user could not read the app. As in git, only the executable bit counts.

        Args:
            tag: the content tag.
            staging: the parent folder.

        Raises:
            BuildContextError: a file cannot be read.
        """
        target = staging / tag
        if target.is_dir():
            # Marks the time of its last use.
            target.touch()
        else:
            staging.mkdir(parents=True, exist_ok=True)
            copy = Path(tempfile.mkdtemp(prefix=f"{tag}.", dir=staging))
            try:
                self._copy(copy)
            except OSError as error:
                shutil.rmtree(copy, ignore_errors=True)
                raise _unreadable(error) from error
            try:
                copy.rename(target)
            except OSError:
                # Another run has staged the same content meanwhile.
                shutil.rmtree(copy)
            _delete_old(staging)
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
        # Takes precedence over an ignore file in the context, whose files are already left out.
        (target / "Dockerfile.dockerignore").write_text("")
        folders = [path for path in target.rglob("*") if path.is_dir() and not path.is_symlink()]
        for folder in (target, *folders):
            folder.chmod(_EXECUTABLE)
        for file in ("Dockerfile", "Dockerfile.dockerignore"):
            (target / file).chmod(_READABLE)

    def _patterns(self) -> list[Pattern]:
        # BuildKit prefers the Dockerfile's own ignore file.
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
    """Whether the owner of a file may execute it."""
    return bool(path.stat().st_mode & 0o100)


def _is_generated(folder: Path) -> bool:
    """Whether a folder is generated by this project: a context that contains it would change at each run."""
    if folder.name not in (*_PROJECT_FOLDERS, "__pycache__"):
        return False
    project, path = Path.cwd(), folder.resolve()
    return path.parent == project if folder.name in _PROJECT_FOLDERS else project in path.parents


def _unreadable(error: OSError) -> BuildContextError:
    return BuildContextError(f"{error.filename} cannot be read, and the build needs it: {error.strerror}")


def _delete_old(staging: Path) -> None:
    used: dict[Path, float] = {}
    for path in staging.iterdir():
        # Another run may delete it at the same time.
        with contextlib.suppress(FileNotFoundError):
            used[path] = path.stat().st_mtime
    for path in sorted(used, key=used.__getitem__, reverse=True)[_RETAINED:]:
        if used[path] < time.time() - _IN_USE_SECONDS:
            shutil.rmtree(path, ignore_errors=True)
