"""The rest of a Copilot application: addons, overrides, pipelines, code that reads Copilot's variables."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from automation.convert.copilot_manifests import Workspace
from automation.convert.report import Report

_REGION: Final = re.compile(
    r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-\d):|\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com"
)
_PORTS: Final = {"AWS::RDS::": {5432: "PostgreSQL", 3306: "MySQL"}, "AWS::ElastiCache::": {6379: "Redis"}}
_VARIABLE: Final = re.compile(r"COPILOT_[A-Z_]+")
_SOURCES: Final = frozenset(
    {".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".sh", ".json", ".conf"}
)
_NOT_SOURCES: Final = frozenset(
    {"node_modules", ".git", "copilot", "dist", "build", ".next", ".venv", ".local"}
)
_MOST_FILES: Final = 5000
_MOST_BYTES: Final = 1_000_000


def report_extras(workspace: Workspace, environment: str, report: Report) -> None:
    """Report addons, overrides and pipelines, which have no keys."""
    for extra in workspace.extras:
        own = report.about("" if extra.owner == "environments" else extra.owner)
        name, contents = str(extra.path.relative_to(workspace.root)), ", ".join(extra.contents)
        if extra.kind == "addon":
            own.missing(name, contents or "resources")
            report.about("").todo(
                "addons",
                "their resources belong to Copilot's stack, and are deleted with it. Keep them in a stack of"
                " their own (CloudFormation can import them, with `DeletionPolicy: Retain`); set their"
                " outputs, which Copilot passes on as variables, in `environment` or `secrets`, and the"
                " app's permissions in `task-role-statements`",
            )
        elif extra.kind == "overrides":
            own.missing(
                name, f"{contents or 'a CDK program'}: check for each whether a key has the same effect"
            )
        elif environment in extra.contents or not extra.contents:
            own.todo(
                name, f"stages {contents or 'none'}: .github/workflows deploys instead, see docs/workflows.md"
            )


def ports_of_addons(workspace: Workspace) -> dict[int, str]:
    """Return the ports of the databases and caches that addons create."""
    types = [kind for extra in workspace.extras if extra.kind == "addon" for kind in extra.contents]
    return {
        port: server
        for prefix, ports in _PORTS.items()
        if any(kind.startswith(prefix) for kind in types)
        for port, server in ports.items()
    }


def region_in(workspace: Workspace, environment: str) -> str | None:
    """Return the region that most ARNs and registries of the manifests are in; None if there are none."""
    manifests = [manifest.of(environment) for manifest in workspace.manifests]
    # CloudFront's certificates are in us-east-1, wherever the environment is.
    own = {key: value for key, value in workspace.environments.get(environment, {}).items() if key != "cdn"}
    regions = Counter(arn or registry for arn, registry in _REGION.findall(json.dumps([*manifests, own])))
    return max(regions, key=lambda region: regions[region], default=None)


def variables_read(folder: Path) -> list[str]:
    """Return the names of Copilot's variables in the source files of a folder, sorted."""
    return sorted({name for text in _sources(folder) for name in _VARIABLE.findall(text)})


def _sources(root: Path) -> Iterator[str]:
    count = 0
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in _NOT_SOURCES]
        for path in (Path(folder, name) for name in files):
            count += 1
            if count > _MOST_FILES:
                return
            try:
                if path.suffix in _SOURCES and path.stat().st_size <= _MOST_BYTES:
                    yield path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
