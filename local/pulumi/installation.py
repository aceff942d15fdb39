"""Installs the Pulumi CLI into the user's cache, by download or build; one run at a time."""

from __future__ import annotations

import errno
import os
import re
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from local import go
from local.job import Job, JobError, JobStoppedError
from local.locks import lock_file, read_note, try_lock, write_note
from local.pulumi import Cli, PulumiCliError, cached, sdk_installer, unfinished
from local.pulumi.versions import MINIMUM, VERSION, VersionError, numbers, version_of

MODULE: Final = Path(__file__).with_name("module")
"""The Go module that pins the CLI's sources."""
PACKAGE: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
BUILD_BYTES: Final = 4_600_000_000
"""Disk space for a build, including Go: measured with Go 1.27 on Linux."""
BUILD_PROCESSOR_MINUTES: Final = 7
"""Processor minutes of a build."""
_POLL_SECONDS: Final = 0.2
_ADVICE: Final = f"install the Pulumi CLI {MINIMUM} or later (https://www.pulumi.com/docs/install/)"
_NO_SPACE: Final = (errno.ENOSPC, errno.EDQUOT)


def install(cache: Path, say: Callable[[str], None], stop: threading.Event) -> Cli:
    """Install the CLI into the cache, or wait for another run that does.

    Raises:
        PulumiCliError: it cannot be installed, or `stop` was set.
    """
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with lock_file(cache / "lock") as lock:
            return _wait(cache, lock, say, stop) or _install(cache, lock, say, stop)
    except JobError as error:
        raise PulumiCliError(f"there is no Pulumi CLI: {error}; {_ADVICE}") from error
    except JobStoppedError as error:
        raise PulumiCliError("the installation of the Pulumi CLI was stopped") from error
    except OSError as error:
        raise PulumiCliError(_describe(error, cache)) from error


def clean_up(cache: Path) -> None:
    """Delete the files of a killed installation, unless one is running."""
    with suppress(OSError), lock_file(cache / "lock") as lock:
        if try_lock(lock):
            _delete(unfinished(cache), lock)


def _install(cache: Path, lock: int, say: Callable[[str], None], stop: threading.Event) -> Cli:
    def report(line: str) -> None:
        say(line)
        _note(lock, line)

    work = unfinished(cache)
    # A killed run may have left files.
    _delete(work, lock)
    work.mkdir(exist_ok=True)
    try:
        result, target = work / "result", cache / VERSION
        origin = _download_or_build(Job(folder=work, say=report, stop=stop, inherited=[lock]), result)
        if target.exists():
            shutil.rmtree(target)
        result.rename(target)
        for outdated in _older_versions(cache):
            # One that another clone is running continues: its file exists until the last process closes it.
            with suppress(OSError):
                outdated.rename(work / outdated.name)
    finally:
        _delete(work, lock)
    return Cli(target / "bin" / "pulumi", VERSION, origin)


def _older_versions(cache: Path) -> list[Path]:
    versions = (path for path in cache.iterdir() if re.fullmatch(r"\d+(\.\d+)+", path.name))
    return [path for path in versions if numbers(path.name) < numbers(VERSION)]


def _download_or_build(job: Job, folder: Path) -> str:
    """Download or build the CLI into `folder`/bin; return which."""
    job.say(f"Downloading the Pulumi CLI {VERSION}, as there is none on this machine")
    try:
        sdk_installer.install(job, VERSION, folder)
        _check(folder)
    except JobError as error:
        not_downloaded = f"get.pulumi.com: {error}"
    else:
        return "downloaded"
    shutil.rmtree(folder, ignore_errors=True)
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
            output=folder / "bin" / "pulumi",
            flags=(
                # Compiling without debug information saves a tenth of the time.
                "-gcflags=all=-dwarf=false",
                # The Automation API refuses a CLI without a version.
                f"-ldflags=-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{VERSION}",
            ),
        )
        _check(folder)
    except JobError as error:
        raise JobError(f"it cannot be downloaded ({not_downloaded}) or built ({error})") from error
    return "built from its Go module"


def _check(folder: Path) -> None:
    """Check that the CLI works, and flush it to disk."""
    path = folder / "bin" / "pulumi"
    try:
        version = version_of(path)
    except VersionError as error:
        raise JobError(f"the new CLI {error}") from None
    if version != VERSION:
        raise JobError(f"the new CLI is version {version}, not {VERSION}")
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _wait(cache: Path, lock: int, say: Callable[[str], None], stop: threading.Event) -> Cli | None:
    """Wait for the lock, or for the CLI of the run that holds it, and show that run's progress."""
    shown = None
    while not try_lock(lock):
        if cli := cached(cache):
            return cli
        note = read_note(lock)
        if note != shown:
            shown = note
            say(f"Another run is installing the Pulumi CLI; waiting for it: {note or 'it has just started'}")
        if stop.wait(_POLL_SECONDS):
            raise JobStoppedError
    _note(lock, f"process {os.getpid()}")
    return cached(cache)


def _note(lock: int, note: str) -> None:
    # Other runs show it; a full disk may prevent that.
    with suppress(OSError):
        write_note(lock, note)


def _delete(folder: Path, lock: int) -> None:
    """Delete a folder; repeatedly, as killed programs may still write into it."""
    _note(lock, "it deletes its temporary files")
    for _ in range(9):
        shutil.rmtree(folder, ignore_errors=True)


def _describe(error: OSError, cache: Path) -> str:
    """Return the message of a disk error."""
    if error.errno not in _NO_SPACE:
        where = f"{error.filename}: " if error.filename else ""
        return f"there is no Pulumi CLI: {where}{error.strerror}; {_ADVICE}"
    free, needed = (f"{size / 1e9:.1f} GB" for size in (shutil.disk_usage(cache).free, BUILD_BYTES))
    return (
        f"there is no Pulumi CLI, and no disk space to build it: {cache} has {free} free, a build needs "
        f"{needed} until it is done; free some, set XDG_CACHE_HOME to a folder on another disk, or {_ADVICE}"
    )
