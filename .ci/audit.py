# ruff: noqa: INP001 - a folder of scripts, not a package
"""Asks OSV (https://osv.dev) for known vulnerabilities of all that is locked; without an answer it says so.

By hand or in `make lint`: a machine without the internet is not a reason to fail.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
_LOCKS: Final = (
    "requirements.txt",
    "requirements-dev.txt",
    "policies/requirements.txt",
    ".ci/scan/requirements.txt",
)
_MODULES: Final = ("local/pulumi/module/go.mod", ".ci/actionlint/go.mod")
_ADDRESS: Final = os.environ.get("OSV_ADDRESS", "https://api.osv.dev")
_SECONDS: Final = 10
_MOST_AT_ONCE: Final = 1000

Package = tuple[str, str, str]
"""Ecosystem, name and version."""


def packages(root: Path) -> Iterator[Package]:
    """Yield everything that a lock or a Go module names."""
    for lock in _LOCKS:
        text = (root / lock).read_text(encoding="utf-8")
        yield from (
            ("PyPI", name, version)
            for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;]+)", text)
        )
    for module in _MODULES:
        text = (root / module).read_text(encoding="utf-8")
        yield from (
            ("Go", name, version)
            for name, version in re.findall(r"(?m)^(?:require )?\s*(\S+\.\S+/\S+) v(\S+)", text)
        )


def known(asked: list[Package]) -> dict[Package, list[str]]:
    """Return the ids of advisories by what they are about.

    Raises:
        OSError: OSV does not answer.
    """
    found: dict[Package, list[str]] = {}
    for start in range(0, len(asked), _MOST_AT_ONCE):
        some = asked[start : start + _MOST_AT_ONCE]
        queries = [
            {"package": {"ecosystem": ecosystem, "name": name}, "version": version}
            for ecosystem, name, version in some
        ]
        request = urllib.request.Request(  # noqa: S310 -- an address of ours
            f"{_ADDRESS}/v1/querybatch",
            json.dumps({"queries": queries}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            results: list[dict[str, Any]] = json.load(answer)["results"]
        for package, result in zip(some, results, strict=True):
            if ids := [one["id"] for one in result.get("vulns", ())]:
                found[package] = ids
    return found


def main() -> int:
    """Print what is known; 1 if something is."""
    asked = sorted(set(packages(ROOT)))
    try:
        found = known(asked)
    except (OSError, ValueError, KeyError) as error:
        print(f"vulnerabilities: not asked, as OSV does not answer ({error})", file=sys.stderr)
        return 0
    for (ecosystem, name, version), ids in found.items():
        print(f"{ecosystem} {name} {version}: {', '.join(f'https://osv.dev/{one}' for one in ids)}")
    print(f"vulnerabilities: {len(found)} of {len(asked)} packages have one", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
