"""`aws-smoke`: an end-to-end test in the user's own account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from automation.console import confirm, json_option, say, say_error, show
from automation.cost import report
from automation.cost.assumptions import Assumptions
from automation.cost.estimate import estimate
from automation.cost.plan import plan
from automation.cost.prices import TablePrices
from automation.errors import AutomationError
from automation.smoke.smoke import BASE, STACK, Smoke, write_stack_file
from automation.stack_files import DerivedStackFile
from automation.stacks.stacks import Stacks

if TYPE_CHECKING:
    from infra.settings import Settings

_HOURS_A_MONTH: Final = 730
_EMULATOR: Final = (
    "the emulator lists only some services by tags, among them ECS and ECR; the destroy deleted everything "
    "else that is in the state"
)
_AWS: Final = "AWS lists resources for some minutes after their deletion; this search waits for that"


@click.command("aws-smoke")
@click.option("--yes", is_flag=True, help="Accept the cost without a question.")
@click.option("--keep", is_flag=True, help="Keep the stack if a step fails; the next run continues with it.")
@click.option("--region", metavar="REGION", help="The AWS region; dev's by default.")
@json_option
@click.pass_obj
def aws_smoke(stacks: Stacks, /, *, yes: bool, keep: bool, region: str | None, as_json: bool) -> int:
    """Deploy, break and destroy a test stack in your AWS account.

    The stack is called smoke: dev without a domain, on plain HTTP at the load balancer's own name. One
    deployment is made to fail. Prints the cost and asks first. Takes about half an hour.
    """
    file = DerivedStackFile(root=stacks.root, project=stacks.project, stack=STACK, base=BASE)
    before = file.path.read_bytes() if file.path.exists() else None
    write_stack_file(file, region=region)
    try:
        settings = stacks.settings(STACK)
        (say if as_json else click.echo)(f"{_cost()} {_account(stacks, settings)}")
        if not (yes or stacks.is_local):
            confirm(
                "Continue?",
                without_terminal="there is no terminal for the question: add --yes to accept the cost",
            )
    except (click.ClickException, click.Abort, AutomationError):
        if before is None:
            file.path.unlink(missing_ok=True)
        else:
            file.path.write_bytes(before)
        raise
    smoke = Smoke(
        stacks=stacks,
        settings=settings,
        file=file,
        region=region,
        remark=_EMULATOR if stacks.is_local else _AWS,
        say=say if as_json else click.echo,
    )
    failures = smoke.run(keep=keep)
    for failure in failures:
        say_error(failure)
    lines = () if failures else ("Everything works, and nothing is left.",)
    show(lines, {"stack": STACK, "failures": failures}, as_json=as_json)
    return 1 if failures else 0


def _cost() -> str:
    planned = plan(STACK)
    cost = estimate(planned, TablePrices(planned.region), Assumptions())
    without = f", without {', '.join(cost.missing)}: no price is known there" if cost.missing else ""
    return (
        f"The stack {STACK} costs {report.usd(cost.usd)} a month, "
        f"{report.usd(cost.usd / _HOURS_A_MONTH)} an hour{without}; this run takes about half an hour."
    )


def _account(stacks: Stacks, settings: Settings) -> str:
    if stacks.is_local:
        return "On this machine it costs nothing."
    caller = stacks.clients(settings).client("sts").get_caller_identity()
    region = settings.provider.region
    return f"It is created in account {caller['Account']} as {caller['Arn']}, in {region}."
