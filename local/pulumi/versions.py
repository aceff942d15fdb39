"""The versions of the Pulumi CLI: the installed one, the accepted ones, and that of a file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

VERSION: Final = "3.274.1"
"""The version that is installed or built; module/go.mod has the same."""
MINIMUM: Final = "3.244.0"
"""The oldest version that is used from PATH. By Pulumi's change log, attaching to running providers came with
3.30, resource hooks with 3.182, error hooks with 3.217; from 3.244 on they see every error of a provider."""
MAJOR: Final = 3
"""Pulumi's SDK refuses another major version."""
_SECONDS: Final = 30.0


class VersionError(Exception):
    """A file is not a working Pulumi CLI; the message completes a sentence about it."""


def version_of(cli: Path) -> str:
    """Return what `pulumi version` says, without the leading v.

    Raises:
        VersionError: it does not run, or says something else.
    """
    try:
        said = subprocess.run(
            [cli, "version"],
            env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise VersionError(f"does not print its version within {_SECONDS:g} s") from None
    except OSError as error:
        raise VersionError(f"does not run ({error.strerror})") from None
    found = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", said.stdout.strip())
    if said.returncode != 0 or not found:
        last = (said.stderr.strip() or said.stdout.strip() or "nothing").splitlines()[-1]
        raise VersionError(f"does not print its version but: {last}")
    return found[1]


def is_accepted(version: str) -> bool:
    """Whether a CLI of `version` can run this project."""
    return numbers(MINIMUM) <= numbers(version) < (MAJOR + 1,)


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, by which it is older or newer than another."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
