"""Versions of the Pulumi CLI: the installed one, the accepted ones, and that of a file."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Final

VERSION: Final = "3.274.1"
"""The version to install or build, as in module/go.mod."""
MINIMUM: Final = "3.244.0"
"""The oldest accepted version on PATH. By Pulumi's change log it attaches to running providers from 3.30, and
has resource hooks from 3.182 and error hooks from 3.217; from 3.244 these get every error of a provider."""
MAJOR: Final = 3
"""The only major version that Pulumi's SDK accepts."""
_SECONDS: Final = 30.0


class VersionError(Exception):
    """A file is not a working Pulumi CLI; the message completes a sentence about it."""


def version_of(cli: Path) -> str:
    """Return the output of `pulumi version` without the leading v.

    Raises:
        VersionError: it does not run, or prints something else.
    """
    try:
        result = subprocess.run(
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
    version = re.fullmatch(r"v?(\d+\.\d+\.\d+\S*)", result.stdout.strip())
    if result.returncode != 0 or not version:
        last = (result.stderr.strip() or result.stdout.strip() or "nothing").splitlines()[-1]
        raise VersionError(f"does not print its version but: {last}")
    return version[1]


def is_accepted(version: str) -> bool:
    """Whether a CLI of `version` can run this project."""
    return numbers(MINIMUM) <= numbers(version) < (MAJOR + 1,)


def numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, for comparisons."""
    return tuple(map(int, re.findall(r"\d+", version)[:3]))
