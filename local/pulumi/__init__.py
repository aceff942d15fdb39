"""Provides the Pulumi CLI: from PATH, else installed once into the user's cache."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.pulumi import on_path
from local.pulumi.versions import VERSION
from local.user_cache import user_cache


class PulumiCliError(LocalError):
    """There is no usable Pulumi CLI; the message says why and what to do."""


@dataclass(frozen=True)
class Cli:
    """A Pulumi CLI that this project can use."""

    path: Path
    """The executable."""
    version: str
    origin: str
    """How it was found: "on PATH", "from the cache", "downloaded" or "built from its Go module"."""

    def __str__(self) -> str:
        return f"Pulumi CLI {self.version}, {self.origin}: {self.path}"


def to_stderr(line: str) -> None:
    """Print a line to standard error."""
    print(line, file=sys.stderr, flush=True)


def ensure(say: Callable[[str], None] = to_stderr, *, stop: threading.Event | None = None) -> Cli:
    """Return a Pulumi CLI; install it if necessary.

    The order is: `pulumi` on PATH, this project's cache, Pulumi's installer, a build from the Go module. Of
    concurrent runs one installs it and the others wait.

    Args:
        say: shows a line of progress.
        stop: ends an installation when another thread sets it.

    Raises:
        PulumiCliError: none can be found or installed, or `stop` was set.
    """
    cache = cache_folder()
    path_and_version = on_path.find(cache, say)
    cli = Cli(*path_and_version, "on PATH") if path_and_version else cached(cache)
    if cli is None or os.access(unfinished(cache), os.F_OK):
        from local.pulumi import installation

        if cli is None:
            return installation.install(cache, say, stop or threading.Event())
        installation.clean_up(cache)
    return cli


def cache_folder() -> Path:
    """Return the folder of the CLIs that this project installs.

    Raises:
        PulumiCliError: the user has no home directory.
    """
    cache = user_cache()
    if cache is None:
        raise PulumiCliError("there is no home directory: set HOME or XDG_CACHE_HOME")
    return cache / "pulumi"


def unfinished(cache: Path) -> Path:
    """Return the folder of a running installation, on the same disk as its result."""
    return cache / "unfinished"


def cached(cache: Path, origin: str = "from the cache") -> Cli | None:
    """Return the CLI in the cache, which a complete installation has renamed into it."""
    path = cache / VERSION / "bin" / "pulumi"
    return Cli(path, VERSION, origin) if os.access(path, os.X_OK) else None
