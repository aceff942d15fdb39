"""Creates .venv with exactly the packages of requirements-dev.txt; needs only Python."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements-dev.txt"
VENV = ROOT / ".venv"
OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11", "python3.14")
VENV_MEGABYTES = 700
"""Size of .venv, rounded up: 664 MB with Python 3.11 on x86_64."""
FULL_MEGABYTES = 50
"""A disk with less room than the largest file, Node's binary, counts as full after a failure."""

UV_VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}
"""uv's variables for pip's settings, which uv does not read."""
IRRELEVANT = (
    "break-system-packages", "cache-dir", "disable-pip-version-check", "no-cache-dir", "no-color", "no-input",
    "no-warn-script-location", "prefer-binary", "progress-bar", "quiet", "require-virtualenv", "retries",
    "root-user-action", "user", "verbose",
)  # fmt: skip
"""pip's settings that change neither the packages nor their origin."""


def main() -> None:
    """Install the locked packages into .venv, unless they are installed."""
    if sys.version_info < OLDEST:
        newer = next((path for path in map(shutil.which, NEWER) if path), None)
        if newer is None:
            sys.exit(
                f"Python {'.'.join(map(str, sys.version_info[:2]))} is too old: install Python 3.11 or later"
            )
        os.execv(newer, [newer, *sys.argv])  # noqa: S606 -- the same program, on a newer Python
    # Held until the end: another command may install at the same time.
    fcntl.flock(os.open(ROOT, os.O_RDONLY), fcntl.LOCK_EX)
    if installed():
        return
    ensure_ensurepip()
    new = not works(VENV)
    if new:
        check_room(ROOT, VENV_MEGABYTES)
    print(f"Installing {len(packages(LOCK.read_text('utf-8')))} packages into .venv ... ", end="", flush=True)
    started = time.monotonic()
    if new:
        quietly([sys.executable, "-m", "venv", "--clear", str(VENV)])
    try:
        install()
        shutil.copyfile(LOCK, VENV / LOCK.name)
    except OSError as error:
        sys.exit(f"\n{error.filename or VENV} cannot be written: {error.strerror}")
    print(f"{time.monotonic() - started:.1f} s", flush=True)


def installed() -> bool:
    """Whether .venv works and has the packages of the current lock."""
    copy = VENV / LOCK.name
    return copy.is_file() and copy.read_bytes() == LOCK.read_bytes() and works(VENV)


def works(venv: Path) -> bool:
    """Whether a virtual environment's Python runs and has pip; it does not if its Python was removed."""
    python = venv / "bin" / "python"
    return (
        python.exists()
        and subprocess.run([python, "-c", "import pip"], check=False, capture_output=True).returncode == 0
    )


def install() -> None:
    """Install the lock by uv, several times as fast as pip, or by pip if uv lacks one of pip's settings."""
    python = VENV / "bin" / "python"
    pip = [str(python), "-m", "pip"]
    environment = uv_environment(pip)
    command = [*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK)]
    if environment is None:
        quietly(command)
        return
    with tempfile.TemporaryDirectory() as folder:
        only_uv = Path(folder, "uv.txt")
        only_uv.write_text(packages(LOCK.read_text("utf-8"))["uv"], "utf-8")
        quietly([*command[:-1], str(only_uv)])
    uv = [str(VENV / "bin" / "uv"), "pip", "sync", "--quiet", "--require-hashes", "--python", str(python)]
    if subprocess.run([*uv, str(LOCK)], env=environment, capture_output=True, check=False).returncode != 0:
        check_room_after_failure()
        # pip can reach some indexes that uv cannot; if it also fails, its message is shown.
        quietly(command)


def uv_environment(pip: list[str]) -> dict[str, str] | None:
    """Return the environment with which uv uses pip's indexes; None if uv lacks one of pip's settings.

    Raises:
        SystemExit: pip does not run.
    """
    settings = uv_settings(quietly([*pip, "config", "list"]))
    if settings is None:
        return None
    return {**os.environ, **settings, "UV_SYSTEM_CERTS": "1", "UV_INDEX_STRATEGY": "unsafe-best-match"}


def uv_settings(listed: str) -> dict[str, str] | None:
    """Convert the output of `pip config list` to uv's variables; None if uv lacks one of the settings."""
    values: dict[str, str] = {}
    settings = re.findall(r"(?m)^(\S+?)\.([a-z-]+)='(.*)'$", listed)
    # As for pip, a later section overrides an earlier one.
    for section in ("global", "install", ":env:"):
        for key, value in ((key, value) for name, key, value in settings if name == section):
            if key in UV_VARIABLES:
                # pip separates values by spaces or lines; uv separates folders by commas.
                parts = value.replace("\\n", " ").split()
                values[UV_VARIABLES[key]] = ("," if key == "find-links" else " ").join(parts)
            elif key not in IRRELEVANT:
                return None
    return {name: value for name, value in values.items() if value}


def packages(lock: str) -> dict[str, str]:
    """Return the entry of each package in a lock file, by the package's name."""
    return {
        match["name"]: match[0]
        for match in re.finditer(r"(?m)^(?P<name>[A-Za-z0-9._-]+)==.*\n(?:[ \t]+.*\n?)*", lock)
    }


def ensure_ensurepip() -> None:
    """Install ensurepip for `python -m venv`, which Debian has in a separate package."""
    if find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        if not (Path("/etc/debian_version").exists() and hasattr(os, "geteuid") and os.geteuid() == 0):
            sys.exit(f"Python lacks its venv module: install it (Debian and Ubuntu: apt install {package})")
        print(f"Python lacks its venv module: installing the Debian package {package}.", flush=True)
        if sys.stdin.isatty() and input("Go ahead? [Y/n] ").strip().lower() not in {"", "y", "yes"}:
            sys.exit(f"Without it there is no virtual environment: install {package} yourself")
        apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y"]
        get = [*apt, "install", "--no-install-recommends", package]
        # Only a machine with missing or outdated package lists needs an update.
        if subprocess.run(get, check=False, stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
            quietly([*apt, "update"])
            quietly(get)


def check_room(folder: Path, megabytes: int) -> None:
    """Exit with a message if the disk has less room than .venv needs."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        sys.exit(
            f"\nThe disk of {folder} is full, with {free} MB free: {VENV} needs about {VENV_MEGABYTES} MB. "
            "Free some space and try again"
        )


def check_room_after_failure() -> None:
    """Exit if the disk is full: the installers' own messages are long."""
    for folder in (ROOT, Path(tempfile.gettempdir()), Path.home()):
        if folder.is_dir():
            check_room(folder, FULL_MEGABYTES)


def quietly(command: list[str]) -> str:
    """Run a command and return its output; if it fails, show the output and exit."""
    try:
        return subprocess.run(
            command,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ).stdout
    except subprocess.CalledProcessError as error:
        check_room_after_failure()
        sys.exit(f"\n{error.stdout}\n`{' '.join(command)}` failed with exit code {error.returncode}")


if __name__ == "__main__":
    main()
