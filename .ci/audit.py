# ruff: noqa: INP001 - a folder of scripts, not a package
"""Looks up known vulnerabilities of all locked packages at OSV (https://osv.dev).

Part of `make lint`. Without an answer from OSV it prints a warning and succeeds.
"""

from __future__ import annotations

import json
import os
import re
import sys
import urllib.request
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
_LOCKS: Final = (
    "requirements*.txt",
    "policies/requirements.txt",
    "local/*/requirements.txt",
    ".ci/*/requirements.txt",
)
_GO_MODULES: Final = ("local/pulumi/*/go.mod", ".ci/*/go.mod", "tests/integration/*/go.mod")
_NPM_LOCKS: Final = tuple(f"{folder}/*/package-lock.json" for folder in (".ci", "bench", "docs/examples"))
_ADDRESS: Final = os.environ.get("OSV_ADDRESS", "https://api.osv.dev")
_SECONDS: Final = 10
_BATCH_SIZE: Final = 1000

Package = tuple[str, str, str]
"""Ecosystem, name and version."""


def packages(root: Path) -> Iterator[Package]:
    """Yield the packages of all locks."""
    for text in _texts(root, _LOCKS):
        yield from (
            ("PyPI", name, version)
            for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)==([^\s;]+)", text)
        )
    for text in _texts(root, _GO_MODULES):
        yield from (
            ("Go", name, version)
            for name, version in re.findall(r"(?m)^(?:require )?\s*(\S+\.\S+/\S+) v(\S+)", text)
        )
    for text in _texts(root, _NPM_LOCKS):
        yield from (
            ("npm", path.rpartition("node_modules/")[2], package["version"])
            for path, package in json.loads(text)["packages"].items()
            if path
        )


def _texts(root: Path, patterns: Iterable[str]) -> Iterator[str]:
    return (path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(root.glob(pattern)))


def advisories(locked: list[Package]) -> dict[Package, list[str]]:
    """Return the ids of advisories by package.

    Raises:
        OSError: OSV does not answer.
    """
    found: dict[Package, list[str]] = {}
    for start in range(0, len(locked), _BATCH_SIZE):
        batch = locked[start : start + _BATCH_SIZE]
        queries = [
            {"package": {"ecosystem": ecosystem, "name": name}, "version": version}
            for ecosystem, name, version in batch
        ]
        request = urllib.request.Request(  # noqa: S310 -- OSV's address, or a test's
            f"{_ADDRESS}/v1/querybatch",
            json.dumps({"queries": queries}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
            results: list[dict[str, Any]] = json.load(answer)["results"]
        for package, result in zip(batch, results, strict=True):
            if ids := [advisory["id"] for advisory in result.get("vulns", ())]:
                found[package] = ids
    return found


def main() -> int:
    """Print the known vulnerabilities; return 1 if there are any."""
    locked = sorted(set(packages(ROOT)))
    try:
        found = advisories(locked)
    except (OSError, ValueError, KeyError) as error:
        print(f"vulnerabilities: not checked, as OSV does not answer ({error})", file=sys.stderr)
        return 0
    for (ecosystem, name, version), ids in found.items():
        print(f"{ecosystem} {name} {version}: {', '.join(f'https://osv.dev/{id_}' for id_ in ids)}")
    print(f"vulnerabilities: {len(found)} of {len(locked)} packages are vulnerable", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
