"""Downloads a release of the Pulumi CLI with the SDK's installer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from local.job import Job, size

PROBE: Final = "https://get.pulumi.com/install.sh"
"""The installer's first download, tried with a short timeout before the SDK is imported."""
STALL_SECONDS: Final = 15.0
"""Seconds without progress after which the download fails; the installer's curl would wait for minutes."""
_INSTALL: Final = """\
import subprocess, sys, urllib.request
version, root, probe = sys.argv[1:]
try:
    urllib.request.urlopen(urllib.request.Request(probe, method="HEAD"), timeout=5).close()
except OSError as error:
    sys.exit(str(getattr(error, "reason", error)))
from pulumi.automation import PulumiCommand
from semver import VersionInfo
try:
    PulumiCommand.install(root=root, version=VersionInfo.parse(version))
except subprocess.CalledProcessError as error:
    errors = [line for line in error.output.decode(errors="replace").splitlines() if "curl: (" in line]
    sys.exit(errors[0] if errors else f"its installer ended with exit code {error.returncode}")
"""


def install(job: Job, version: str, root: Path) -> None:
    """Install the CLI of `version` into `root`/bin; a failure may leave some files.

    Raises:
        JobError: it cannot be downloaded; the message is one line.
        JobStoppedError: the job was stopped.
        OSError: the disk is full.
    """
    temporary = job.folder / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    job.run(
        [sys.executable, "-P", "-c", _INSTALL, version, str(root), PROBE],
        environment=os.environ | {"TMPDIR": str(temporary), "PULUMI_HOME": str(job.folder / "home")},
        progress=lambda _lines: f"Downloading the Pulumi CLI {version}: {size(job.folder) / 1e6:.0f} MB",
        stall_seconds=STALL_SECONDS,
    )
