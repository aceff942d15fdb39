"""`preview`: what `up` would change, and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from automation.changes.cost_change import CostChange
from automation.changes.formatting import lines, summary
from automation.changes.github import Comment, failure_written, file_type, write
from automation.console import json_option, say, say_error, show, to_type
from automation.services.quota import vcpu_warning
from automation.stacks.stacks import Stacks

if TYPE_CHECKING:
    from automation.changes.events import Events

_FAILED: Final = 1


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """What the controls say of a preview; nothing, where nobody asked."""

    lines: tuple[str, ...] = ()
    document: Mapping[str, Any] = field(default_factory=dict[str, Any])
    failed: int = 0
    """How many mandatory controls fail."""


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
        judge = _judge(stacks, stack) if policies else None
        events = stacks.preview(stack)
    judged = judge(events) if judge else _Judged()
    changes = events.changes()
    if warning := vcpu_warning(stacks, stack):
        say(warning)
    cost = CostChange.of(stack, events.before, unchanged=not changes)
    remark = f"**Cost:** {cost.text()}"
    write(
        comment,
        Comment(stack=stack, title="Preview", changes=changes, remarks=[remark], policies=judged.lines),
    )
    show(
        (*lines(changes), f"{stack}: {summary(changes)}", f"cost: {cost.text()}", *judged.lines),
        {"stack": stack, **changes.as_json(), "cost": cost.as_json(), **judged.document},
        as_json=as_json,
    )
    if judged.failed:
        controls = "control" if judged.failed == 1 else "controls"
        say_error(f"{stack} fails {judged.failed} mandatory {controls}: each has its fix above")
        return _FAILED
    if cost.over_budget and fail_over_budget:
        say_error(
            f"{stack} would cost more than its budget: {to_type('cost', stack)} shows why; the "
            f"budget is monthly-budget-usd in Pulumi.{stack}.yaml"
        )
        return _FAILED
    return 0


def _judge(stacks: Stacks, stack: str) -> Callable[[Events], _Judged]:
    """Return what holds a preview against the controls; exceptions that are wrong are refused before it."""
    # Only who asks for it needs the policy pack.
    from automation.changes.policies import as_document, declaration_of, exceptions_of, lines_of
    from policies.evaluation import evaluate

    exceptions = exceptions_of(stacks, stack)

    def judge(events: Events) -> _Judged:
        report = evaluate(declaration_of(events.after), exceptions)
        return _Judged(
            lines=tuple(lines_of(stack, report)),
            document={"policies": as_document(report)},
            failed=len({one.control.id for one in report.failures}),
        )

    return judge
