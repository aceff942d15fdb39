"""What stands beside the manifests of a Copilot application, and what all of it tells of the account."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Final

from automation.convert.copilot_manifests import Workspace
from automation.convert.report import Place, Report

_REGION: Final = re.compile(
    r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-\d):|\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com"
)


def note_extras(workspace: Workspace, environment: str, report: Report) -> None:
    """Report addons, overrides and pipelines, of which nothing becomes a key."""
    for extra in workspace.extras:
        place = Place(report, "" if extra.owner == "environments" else extra.owner)
        name = f"{extra.path.relative_to(workspace.root)}"
        held = ", ".join(extra.holds)
        if extra.kind == "addon":
            place.missing(name, held or "resources")
            Place(report, "").do(
                "addons",
                "their resources stay in Copilot's stack, and go with it. Keep them in a stack of their own"
                " (CloudFormation can import them, with `DeletionPolicy: Retain`); write their outputs, which"
                " Copilot hands over as variables, into `environment` or `secrets`, and what the app may do"
                " into `task-role-statements`",
            )
        elif extra.kind == "overrides":
            place.missing(name, f"{held or 'a CDK program'}: see for each whether a key does what it is for")
        elif environment in extra.holds or not extra.holds:
            place.do(
                name, f"stages {held or 'none'}: .github/workflows has deployments, see docs/workflows.md"
            )


def ports_of_addons(workspace: Workspace) -> dict[int, str]:
    """Return the ports of the databases and caches that addons make."""
    types = {one for extra in workspace.extras for one in extra.holds if extra.kind == "addon"}
    ports: dict[int, str] = {}
    if any(one.startswith("AWS::RDS::") for one in types):
        ports |= {5432: "PostgreSQL", 3306: "MySQL"}
    if any(one.startswith("AWS::ElastiCache::") for one in types):
        ports |= {6379: "Redis"}
    return ports


def region_in(workspace: Workspace, environment: str) -> str | None:
    """Return the region that most ARNs and registries of the manifests are in; None if there are none."""
    manifests = [manifest.of(environment) for manifest in workspace.manifests]
    # CloudFront's certificates are in us-east-1, wherever the environment is.
    own = {key: value for key, value in workspace.environments.get(environment, {}).items() if key != "cdn"}
    found = _REGION.findall(json.dumps([*manifests, own]))
    return max(
        Counter(arn or host for arn, host in found).items(), key=lambda one: one[1], default=(None, 0)
    )[0]
