"""Downloads a release of the Pulumi CLI by the SDK's own installer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from local.job import Job, size

PROBE: Final = "https://get.pulumi.com/install.sh"
"""What the installer downloads first, asked for with a short timeout before the SDK is imported."""
STALL_SECONDS: Final = 15.0
"""How long the download may make no progress: the installer, a script around curl, waits for minutes."""
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
    said = [line for line in error.output.decode(errors="replace").splitlines() if "curl: (" in line]
    sys.exit(said[0] if said else f"its installer ended with exit code {error.returncode}")
"""


def install(job: Job, version: str, root: Path) -> None:
    """Put the CLI of `version` into `root`/bin; `root` may be half filled when this fails.

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
