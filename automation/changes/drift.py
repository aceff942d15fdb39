"""`drift` and `refresh`: differences between the resources and the state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from automation.changes.formatting import drift_summary, lines
from automation.changes.github import Comment, summary_option, write
from automation.console import json_option, show
from automation.stacks.stacks import Stacks

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

    No resource is changed.
    """
    _show(stack, stacks.refresh(stack, preview_only=False), as_json=as_json)


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
    resources = stacks.resources(stack)
    ignored = {one["urn"]: one["ignoreChanges"] for one in resources if one.get("ignoreChanges")}
    changes = stacks.refresh(stack, preview_only=True).without(ignored)
    changes = replace(
        changes, changes=tuple(_with_cause(stacks, stack, change) for change in changes.changes)
    )
    write(summary, Comment(stack=stack, title="Drift", changes=changes, drift=True), append=True)
    _show(stack, changes, as_json=as_json)
    return _DRIFT if changes else 0


def _with_cause(stacks: Stacks, stack: str, change: Change) -> Change:
    """Return a change with its cause, where ECS itself has rolled a service back."""
    if change.type != _SERVICE or all(one.path != "taskDefinition" for one in change.differences):
        return change
    from automation.services.deployed_stack import DeployedStack
    from automation.services.deployments import latest_deployment

    found = DeployedStack.of(stacks, stack)
    service = found.service(change.name)
    described = found.describe(service)
    if described is None:
        return change
    deployment = latest_deployment(found.clients.client("ecs"), service, described)
    return replace(change, cause=deployment.reason)


def _show(stack: str, changes: Changes, *, as_json: bool) -> None:
    told = (*lines(changes), f"{stack}: {drift_summary(changes)}")
    show(told, {"stack": stack, **changes.as_json()}, as_json=as_json)
