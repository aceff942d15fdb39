"""The Express app in docs/examples: as good as the app that ships, and free of what one machine put into it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
EXPRESS = ROOT / "docs" / "examples" / "express"


def read(name: str) -> dict[str, Any]:
    return json.loads((EXPRESS / name).read_text())


def test_its_dockerfile_is_the_apps_plus_the_installation_of_packages() -> None:
    """So those lines, which are comments there, are built by the test that runs the example."""
    lines = (ROOT / "app" / "Dockerfile").read_text().replace("#- ", "").splitlines()
    instructions = "\n".join(line for line in lines if not line.startswith("#")).strip()

    assert (EXPRESS / "Dockerfile").read_text().strip() == instructions


def test_its_lock_file_names_no_registry() -> None:
    """Whoever builds takes packages from a registry of their own; npm checks them by their hashes."""
    packages = {name: one for name, one in read("package-lock.json")["packages"].items() if name}

    assert packages
    assert [name for name, one in packages.items() if "resolved" in one or "integrity" not in one] == []


def test_its_lock_file_is_of_its_packages() -> None:
    assert read("package-lock.json")["packages"][""]["dependencies"] == read("package.json")["dependencies"]
