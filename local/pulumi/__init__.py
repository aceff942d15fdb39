"""Provides the Pulumi CLI: the one on PATH, else one that is installed once into the user's cache."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.pulumi import on_path
from local.pulumi.versions import MINIMUM, VERSION, VersionError, version_of

if TYPE_CHECKING:
    from local.job import Job

MODULE: Final = Path(__file__).with_name("module")
"""Pins what the CLI is built from."""
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
BUILD_BYTES: Final = 3_600_000_000
"""How much room a build needs while it runs, with a Go compiler of its own."""
BUILD_PROCESSOR_MINUTES: Final = 7
"""How long a build keeps one processor busy."""
_POLL_SECONDS: Final = 0.2
_REMOVAL_SECONDS: Final = 5.0
_WAY_OUT: Final = f"install the Pulumi CLI {MINIMUM} or later (https://www.pulumi.com/docs/install/)"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


class PulumiCliError(Exception):
    """There is no Pulumi CLI; the message says why, and what to do."""


@dataclass(frozen=True)
class Cli:
    """A Pulumi CLI that this project can use."""

    path: Path
    """The executable."""
    version: str
    origin: str
    """Where it is from: "on PATH", "from the cache", "downloaded" or "built from its Go module"."""

    def __str__(self) -> str:
        return f"Pulumi CLI {self.version}, {self.origin}: {self.path}"


def to_stderr(line: str) -> None:
    """Show a line where results are not."""
    print(line, file=sys.stderr, flush=True)


def ensure(say: Callable[[str], None] = to_stderr, *, stop: threading.Event | None = None) -> Cli:
    """Return a Pulumi CLI, after installing it if there is none.

    In this order: `pulumi` on PATH, this project's cache, Pulumi's own installer, a build from the Go module.
    Of several runs at once one installs it and the others wait.

    Args:
        say: shows a line of progress; may be called from the thread that calls this function only.
        stop: ends an installation when another thread sets it.

    Raises:
        PulumiCliError: there is none and it cannot be installed, or `stop` was set.
    """
    try:
        cache = cache_folder()
        found = on_path.find(cache, say)
        cli = Cli(*found, "on PATH") if found else _cached(cache)
        if cli is None:
            return _install(cache, say, stop or threading.Event())
        if _work_folder(cache).exists():
            _remove_what_a_killed_run_left(cache)
    except OSError as error:
        raise PulumiCliError(_describe(error)) from error
    else:
        return cli


@contextmanager
def in_background(say: Callable[[str], None] = to_stderr) -> Generator[Callable[[], Cli]]:
    """Run `ensure` in a thread and give a function that waits for what it returns or raises.

    Leaving the block early, by Ctrl-C for example, stops an installation and waits until its files are gone.
    """
    from concurrent.futures import ThreadPoolExecutor

    stop = threading.Event()
    with ThreadPoolExecutor(1, "pulumi-cli") as executor:
        future = executor.submit(ensure, say, stop=stop)
        try:
            yield future.result
        finally:
            stop.set()


def cache_folder() -> Path:
    """Return where this project keeps the CLIs that it installs.

    Raises:
        PulumiCliError: the user has no home.
    """
    # The specification of XDG has relative paths ignored.
    chosen = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        cache = chosen if chosen.is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        raise PulumiCliError("there is no home directory: set HOME or XDG_CACHE_HOME") from None
    return cache / "node-on-ecs" / "pulumi"


def _cached(cache: Path, origin: str = "from the cache") -> Cli | None:
    # It was put there whole, by a rename, after it had told its version.
    path = cache / VERSION / "bin" / "pulumi"
    return Cli(path, VERSION, origin) if os.access(path, os.X_OK) else None


def _install(cache: Path, say: Callable[[str], None], stop: threading.Event) -> Cli:
    """Install the CLI into the cache, unless another run does so meanwhile."""
    from local.job import Job, JobError

    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache, say, stop) as lock:
        if cli := _cached(cache):
            return cli

        def report(line: str) -> None:
            say(line)
            _write_note(lock, line)

        work = _work_folder(cache)
        _remove(work)
        try:
            work.mkdir()
            made = work / "made"
            origin = _make(Job(folder=work, say=report, stop=stop, inherited=[lock]), made)
            _remove(cache / VERSION)
            made.rename(cache / VERSION)
        except JobError as error:
            raise PulumiCliError(f"there is no Pulumi CLI: {error}; {_WAY_OUT}") from error
        finally:
            _remove(work)
    return Cli(cache / VERSION / "bin" / "pulumi", VERSION, origin)


def _make(job: Job, made: Path) -> str:
    """Bring the CLI to `made`/bin and return how.

    Raises:
        JobError: neither the download nor the build worked.
        OSError: the disk has not the room for a build.
    """
    from local import go
    from local.job import JobError, JobStoppedError
    from local.pulumi import sdk_installer

    job.say(f"Downloading the Pulumi CLI {VERSION}, as there is none on this machine")
    try:
        sdk_installer.install(job, VERSION, made)
        _check(made)
    except JobStoppedError:
        raise
    except JobError as error:
        not_downloaded = f"get.pulumi.com: {error}"
    else:
        return "downloaded"
    _remove(made)
    if shutil.disk_usage(job.folder).free < BUILD_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(job.folder))
    minutes = max(1, round(BUILD_PROCESSOR_MINUTES / (os.cpu_count() or 1)))
    job.say(
        f"It cannot be downloaded ({not_downloaded}): building it from its Go module instead, once; "
        f"that takes about {minutes} min, and {BUILD_BYTES / 1e9:.1f} GB of disk until it is done"
    )
    try:
        go.build(
            job,
            what=f"the Pulumi CLI {VERSION}",
            module=MODULE,
            package=PACKAGE,
            output=made / "bin" / "pulumi",
            flags=(
                # No debug information, from the compiler on: that saves a tenth of the time.
                "-gcflags=all=-dwarf=false",
                # The Automation API refuses a CLI without a version.
                f"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}",
            ),
        )
        _check(made)
    except JobStoppedError:
        raise
    except JobError as error:
        raise JobError(f"it cannot be downloaded ({not_downloaded}) or built ({error})") from error
    return "built from its Go module"


def _check(made: Path) -> None:
    """See that the CLI works, and is on the disk before anything says that it is there."""
    from local.job import JobError

    path = made / "bin" / "pulumi"
    try:
        version = version_of(path)
    except VersionError as error:
        raise JobError(f"what was made {error}") from None
    if version != VERSION:
        raise JobError(f"what was made is version {version}, not {VERSION}")
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def _locked(cache: Path, say: Callable[[str], None], stop: threading.Event) -> Generator[int]:
    """Hold the lock on what is being installed; while another run holds it, show what that one reports."""
    with _lock_file(cache) as lock:
        shown = None
        while not _lock(lock):
            note = os.pread(lock, 1000, 0).decode(errors="replace")
            if note != shown:
                shown = note
                say(f"Another run installs the Pulumi CLI, waiting for it: {note or 'it has just begun'}")
            if stop.wait(_POLL_SECONDS):
                raise PulumiCliError("stopped")
        try:
            _write_note(lock, f"process {os.getpid()}")
            yield lock
        finally:
            _write_note(lock, "")


@contextmanager
def _lock_file(cache: Path) -> Generator[int]:
    descriptor = os.open(cache / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _write_note(lock: int, note: str) -> None:
    with suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, note.encode(), 0)


def _work_folder(cache: Path) -> Path:
    """Where an installation works: one at a time, and on the disk where its result will be renamed."""
    return cache / "unfinished"


def _remove_what_a_killed_run_left(cache: Path) -> None:
    with _lock_file(cache) as lock:
        if _lock(lock):
            _remove(_work_folder(cache))


def _remove(folder: Path) -> None:
    """Delete a folder, into which a program that was killed may write for another moment."""
    deadline = time.monotonic() + _REMOVAL_SECONDS
    while folder.exists():
        # The last attempt raises what is in the way.
        shutil.rmtree(folder, ignore_errors=time.monotonic() < deadline)


def _describe(error: OSError) -> str:
    """Say what a failing disk means, and what to do."""
    if error.errno not in _NO_ROOM:
        return f"there is no Pulumi CLI: {error.filename}: {error.strerror}; {_WAY_OUT}"
    cache = cache_folder()
    free, needed = (f"{size / 1e9:.1f} GB" for size in (shutil.disk_usage(cache).free, BUILD_BYTES))
    return (
        f"there is no Pulumi CLI, and no room to build it: {cache} has {free} free, a build needs {needed} "
        f"until it is done; free some, set XDG_CACHE_HOME to a folder on another disk, or {_WAY_OUT}"
    )
