"""The machine and the versions with which was measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

_PACKAGES: Final = ("pulumi", "pulumi-aws", "pulumi-awsx", "ministack", "boto3")


def facts() -> dict[str, Any]:
    """Return processor, memory, system and load average of this machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gb": round(pages / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
    }


def versions(root: Path, cdk: Path | None) -> dict[str, str]:
    """Return the versions of what takes part; `cdk` is where the CDK is installed."""
    found = {"commit": _commit(root), "python": platform.python_version()}
    found |= {name: version(name) for name in _PACKAGES}
    found["docker"] = _said("docker", "version", "--format", "{{.Server.Version}}")
    if cdk is not None:
        found["node"] = _said("node", "--version").removeprefix("v")
        found |= {name: _npm_version(cdk, name) for name in ("aws-cdk", "aws-cdk-lib")}
    return found


def in_one_line(machine: Mapping[str, Any]) -> str:
    """Return the machine as a sentence has it."""
    cores = f"{machine['cores']} cores ({machine['processor']})"
    load = f"load average before {machine['load_before']:g}"
    return f"{cores}, {machine['memory_gb']:g} GB, {machine['system']}, {load}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return _said("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _commit(root: Path) -> str:
    commit = _said("git", "-C", str(root), "rev-parse", "--short", "HEAD")
    changed = _said(
        "git", "-C", str(root), "status", "--porcelain", "--", "infra", "local", "automation", "app"
    )
    return f"{commit} with changes" if changed else commit


def _npm_version(cdk: Path, name: str) -> str:
    return str(json.loads((cdk / "node_modules" / name / "package.json").read_text())["version"])


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""
