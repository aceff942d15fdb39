"""`preview`: what `up` would change, and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from automation.changes.cost_change import CostChange
from automation.changes.github import Comment, failure_written, file_type, write
from automation.console import json_option, say, say_error, show, to_type
from automation.services.quota import vcpu_warning
from automation.stacks.stacks import Stacks

_FAILED: Final = 1


@click.command
@click.argument("stack")
@json_option
@click.option("--comment", type=file_type, metavar="FILE.md", help="Write a pull request's comment.")
@click.option(
    "--fail-over-budget/--no-fail-over-budget",
    default=True,
    show_default=True,
    help="Fail if the stack would cost more a month than its config key monthly-budget-usd.",
)
@click.option("--policies", is_flag=True, help="Also check the controls that `policies` checks.")
@click.pass_obj
def preview(
    stacks: Stacks,
    /,
    *,
    stack: str,
    as_json: bool,
    comment: Path | None,
    fail_over_budget: bool,
    policies: bool,
) -> int:
    """Show what `up` would change, and cost.

    With --policies the exit code is 1 if a mandatory control fails without an exception.
    """
    report, report_lines = None, list[str]()
    # A failure replaces the comment of the previous push, too.
    with failure_written(comment, stack, "Preview", append=False):
        if policies:
            # The policy pack takes long to load.
            from automation.changes import policies as controls

            # Invalid exceptions are reported before the preview, which takes long.
            exceptions = controls.exceptions_for(stacks, stack)
            events = stacks.preview(stack)
            report = controls.evaluate(controls.declaration_of(events.after), exceptions)
            report_lines = [*controls.lines_of(stack, report)]
            document = {"policies": controls.report_as_json(report)}
        else:
            events, document = stacks.preview(stack), {}
    changes = events.changes()
    if warning := vcpu_warning(stacks, stack):
        say(warning)
    cost = CostChange.of(stack, events.before, unchanged=not changes)
    remarks = [f"**Cost:** {cost}"]
    write(
        comment,
        Comment(stack=stack, title="Preview", changes=changes, remarks=remarks, policies=report_lines),
    )
    show(
        (*changes.lines(), f"{stack}: {changes.summary}", f"cost: {cost}", *report_lines),
        {"stack": stack, **changes.as_json(), "cost": cost.as_json(), **document},
        as_json=as_json,
    )
    if report and report.failures:
        failed = len({finding.control.id for finding in report.failures})
        noun = "control" if failed == 1 else "controls"
        say_error(f"{stack} fails {failed} mandatory {noun}: each has its fix above")
        return _FAILED
    if cost.over_budget and fail_over_budget:
        say_error(
            f"{stack} would cost more than its budget: {to_type('cost', stack)} shows why; the "
            f"budget is monthly-budget-usd in Pulumi.{stack}.yaml"
        )
        return _FAILED
    return 0
