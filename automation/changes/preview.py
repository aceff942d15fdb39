"""`preview`: what `up` would change, and cost."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from automation.changes.cost_change import CostChange
from automation.changes.formatting import lines, summary
from automation.changes.github import Comment, failure_written, file_type, write
from automation.changes.policies import as_document, declaration_of, exceptions_of, lines_of
from automation.console import json_option, say, say_error, show, to_type
from automation.services.quota import vcpu_warning
from automation.stacks.stacks import Stacks
from policies.evaluation import evaluate

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
    # Written for a failure, too: else the comment of the previous push would remain.
    with failure_written(comment, stack, "Preview", append=False):
        exceptions = exceptions_of(stacks, stack) if policies else None
        events = stacks.preview(stack)
    report = None if exceptions is None else evaluate(declaration_of(events.after), exceptions)
    judged = [] if report is None else [*lines_of(stack, report)]
    changes = events.changes()
    if warning := vcpu_warning(stacks, stack):
        say(warning)
    cost = CostChange.of(stack, events.before, unchanged=not changes)
    remark = f"**Cost:** {cost.text()}"
    write(
        comment,
        Comment(stack=stack, title="Preview", changes=changes, remarks=[remark], policies=judged),
    )
    document = {"stack": stack, **changes.as_json(), "cost": cost.as_json()}
    show(
        (*lines(changes), f"{stack}: {summary(changes)}", f"cost: {cost.text()}", *judged),
        document if report is None else {**document, "policies": as_document(report)},
        as_json=as_json,
    )
    if report is not None and report.failures:
        count = len({one.control.id for one in report.failures})
        controls = "control" if count == 1 else "controls"
        say_error(f"{stack} fails {count} mandatory {controls}: each has its fix above")
        return _FAILED
    if cost.over_budget and fail_over_budget:
        say_error(
            f"{stack} would cost more than its budget: {to_type('cost', stack)} shows why; the "
            f"budget is monthly-budget-usd in Pulumi.{stack}.yaml"
        )
        return _FAILED
    return 0
