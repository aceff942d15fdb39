"""The machine and the versions of a measurement."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from local.docker_daemon import DockerDaemon

_PACKAGES: Final = ("pulumi", "pulumi-aws", "pulumi-awsx", "ministack", "boto3")
_MEASURED: Final = ("app", "automation", "infra", "local")


def facts() -> dict[str, Any]:
    """Return processor, memory, system and load average of this machine."""
    cpuinfo = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(root: Path, cdk: Path | None) -> dict[str, str]:
    """Return the versions of everything measured; `cdk` is the CDK's folder."""
    changed = _output("git", "-C", str(root), "status", "--porcelain", "--", *_MEASURED)
    commit = _output("git", "-C", str(root), "rev-parse", "--short", "HEAD")
    found = {
        "commit": f"{commit} with changes" if changed else commit,
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "docker": _output("docker", "version", "--format", "{{.Server.Version}}"),
    }
    if cdk is not None:
        found["node"] = _output("node", "--version").removeprefix("v")
        for name in ("aws-cdk", "aws-cdk-lib"):
            found[name] = json.loads((cdk / "node_modules" / name / "package.json").read_text())["version"]
    return found


def in_one_line(machine: Mapping[str, Any]) -> str:
    """Return the machine in one line."""
    cores = f"{machine['cores']} cores ({machine['processor']})"
    load = f"load average before {machine['load_before']:g}"
    return f"{cores}, {machine['memory_gb']:g} GB, {machine['system']}, {load}"


@contextmanager
def temporary_folder(name: str) -> Generator[Path]:
    """Make a folder for a benchmark, and keep a Docker daemon that it starts running until the end."""
    with (
        DockerDaemon().kept_running(),
        tempfile.TemporaryDirectory(prefix=f"node-on-ecs-{name}-") as folder,
    ):
        yield Path(folder)


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
