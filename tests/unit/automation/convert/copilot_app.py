"""Small Copilot applications and their stacks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from automation.convert.copilot_manifests import read_workspace
from automation.convert.copilot_stack import converted_stack
from automation.convert.draft import Paths
from automation.convert.output import Options
from automation.convert.report import Report
from infra.settings import Settings, parse

PROJECT = "node-on-ecs"
WEB = """
name: web
type: Load Balanced Web Service
image: {location: public.ecr.aws/docker/library/node:24, port: 8080}
"""
"""The smallest service; tests add lines to it."""


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files below a folder, by their paths from there, and return the one with the manifests."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder / "copilot"


def app(folder: Path, **manifests: str) -> Path:
    """Write an application called shop with a manifest for each workload."""
    files = {f"copilot/{name}/manifest.yml": text for name, text in manifests.items()}
    return write(folder, {"copilot/.workspace": "application: shop\n", **files})


def convert(folder: Path, **options: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the configuration of the stack of the environment test, and the lines of the report."""
    root, report = folder.parent, Report()
    known = Options(**{"root": root, "project": PROJECT, "region": "eu-west-1", "variables": {}, **options})
    config = converted_stack(read_workspace(folder), "test", known, report, Paths(root, root))
    return config, [note.line for note in report.notes]


def settings_of(config: dict[str, Any]) -> Settings:
    """Return the settings of a configuration."""
    named = {key if ":" in key else f"{PROJECT}:{key}": value for key, value in config.items()}
    return parse(named, project=PROJECT, stack="test")
