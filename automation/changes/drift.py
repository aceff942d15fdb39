"""`drift` and `refresh`: differences between the resources and the state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from automation.changes.github import Comment, summary_option, write
from automation.console import json_option, show
from automation.stacks.stacks import Stacks, require_existing

if TYPE_CHECKING:
    from automation.changes.model import Change, Changes

_DRIFT: Final = 3
_SERVICE: Final = "aws:ecs/service:Service"


@click.command
@click.argument("stack")
@json_option
@click.pass_obj
def refresh(stacks: Stacks, /, *, stack: str, as_json: bool) -> None:
    """Update a stack's state to what exists.

    No resource is changed. Properties that the program ignores are updated, but not shown.
    """
    _show(stack, _differences(stacks, stack, preview_only=False), as_json=as_json)


@click.command
@click.argument("stack")
@json_option
@summary_option
@click.pass_obj
def drift(stacks: Stacks, /, *, stack: str, as_json: bool, summary: Path | None) -> int:
    """Detect drift.

    Shows where resources differ from the stack's state; `up --refresh` corrects them. The exit code is 3 if
    there is drift. Properties that the program ignores do not count, such as the number of tasks that
    autoscaling chooses.
    """
    found = _differences(stacks, stack, preview_only=True)
    changes = replace(found, changes=tuple(_with_cause(stacks, stack, change) for change in found.changes))
    write(summary, Comment(stack=stack, title="Drift", changes=changes, drift=True), append=True)
    _show(stack, changes, as_json=as_json)
    return _DRIFT if changes else 0


def _differences(stacks: Stacks, stack: str, *, preview_only: bool) -> Changes:
    """Return the differences in properties that the program does not ignore."""
    resources = stacks.resources(stack)
    if not resources:
        # Locally a refresh would create the stack.
        require_existing(stacks, stack)
    ignored = {item["urn"]: item["ignoreChanges"] for item in resources if item.get("ignoreChanges")}
    return stacks.refresh(stack, preview_only=preview_only).without(ignored)


def _with_cause(stacks: Stacks, stack: str, change: Change) -> Change:
    """Return a change with its cause, if ECS rolled back a deployment of the service."""
    if change.type != _SERVICE or all(item.path != "taskDefinition" for item in change.differences):
        return change
    from automation.services.deployed_stack import DeployedStack
    from automation.services.deployments import latest_deployment

    deployed = DeployedStack.of(stacks, stack)
    service = deployed.service(change.name)
    described = deployed.describe(service)
    if described is None:
        return change
    deployment = latest_deployment(deployed.clients.client("ecs"), service, described)
    return replace(change, cause=deployment.reason)


def _show(stack: str, changes: Changes, *, as_json: bool) -> None:
    lines = (*changes.lines(), f"{stack}: {changes.drift_summary}")
    show(lines, {"stack": stack, **changes.as_json()}, as_json=as_json)
