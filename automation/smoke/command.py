"""`python -m automation aws-smoke`: shows in the person's own account that all of it works."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import click

from automation.cost import report
from automation.cost.assumptions import Assumptions
from automation.cost.estimate import estimate
from automation.cost.plan import plan
from automation.cost.prices import PricesOfTable
from automation.errors import AutomationError
from automation.smoke import config
from automation.smoke.driven import Driven
from automation.smoke.steps import Smoke
from automation.stack_files import Derived

if TYPE_CHECKING:
    from automation.stacks.stacks import Stacks
    from infra.settings import Settings

_HOURS_A_MONTH: Final = 730
_EMULATOR: Final = (
    "the emulator lists by tags only some services, ECS and ECR among them; for the rest it has to be enough "
    "that the destroy deleted all that the state had"
)
_AWS: Final = (
    "AWS lists by tags what it deleted some minutes ago, too: that is waited for, and told apart where ECS "
    "has it"
)


@click.command("aws-smoke", short_help="Try all of it in your own AWS account, and leave nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before it costs anything.")
@click.option("--keep", is_flag=True, help="Leave the stack as it is if a step fails.")
@click.option("--region", metavar="REGION", help="Another region than dev's.")
@click.pass_obj
def aws_smoke(stacks: Stacks, /, *, yes: bool, keep: bool, region: str | None) -> int:
    """Bring up a stack in your own AWS account, let a rollout fail, and take everything away again.

    The stack is called smoke, and is dev without a domain: plain HTTP at the load balancer's own name.
    What it costs is told first. It takes about half an hour.
    """
    file = Derived(root=stacks.root, project=stacks.project, stack=config.STACK, base=config.BASE)
    left = stacks.exists(config.STACK)
    config.write(file, region=region)
    try:
        settings = stacks.settings(config.STACK)
        _tell(f"{_cost()} {_where(stacks, settings)}")
        if not (yes or stacks.is_local):
            _ask()
    except (click.ClickException, click.Abort, AutomationError):
        if not left:
            file.path.unlink()
        raise
    smoke = Smoke(
        stage=Driven(stacks, settings),
        file=file,
        region=region,
        tags={name: settings.provider.tags[name] for name in ("Project", "Stack")},
        families=[f"{file.project}-{config.STACK}-{settings.main.name}"],
        say=_tell,
        remarks=[_EMULATOR if stacks.is_local else _AWS],
    )
    failures = smoke.run(keep=keep)
    for failure in failures:
        click.echo(f"error: {failure}", err=True)
    if not failures:
        _tell("All of it works, and nothing is left.")
    return 1 if failures else 0


def _cost() -> str:
    planned = plan(config.STACK)
    month = estimate(planned, PricesOfTable(planned.region), Assumptions()).usd
    return (
        f"The stack {config.STACK} costs {report.usd(month)} a month, {report.usd(month / _HOURS_A_MONTH)} "
        "an hour; this run takes about half of one."
    )


def _where(stacks: Stacks, settings: Settings) -> str:
    if stacks.is_local:
        return "On this machine it costs nothing."
    told = stacks.clients(settings).get("sts").get_caller_identity()
    return f"It is made in account {told['Account']} as {told['Arn']}, in {settings.provider.region}."


def _ask() -> None:
    if not _somebody_is_there():
        raise click.UsageError("nobody is here to be asked: say --yes if it may cost that")
    click.confirm("Go on?", abort=True, err=True)


def _somebody_is_there() -> bool:
    return sys.stdin.isatty()


def _tell(words: str) -> None:
    click.echo(words)
