"""`check`: every address of a stack answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import click

from automation.console import Number, json_option, say, show, to_type
from automation.errors import AutomationError
from automation.http_status import OK, http_status
from automation.services.deployed_stack import DeployedStack
from automation.services.quota import vcpu_warning
from automation.stacks.stacks import Stacks
from infra.rollout.clock import REAL, Clock

_PAUSE_SECONDS: Final = 2.0


@click.command
@click.argument("stack")
@click.option(
    "--within-seconds",
    type=Number(min=0),
    default=120.0,
    show_default=True,
    metavar="N",
    help="How long to wait for status 200.",
)
@json_option
@click.pass_obj
def check(stacks: Stacks, /, *, stack: str, within_seconds: float, as_json: bool) -> None:
    """Request every address of a stack until it answers 200.

    The path is that of the health check. A service whose desired count is 0, or that has no address, is
    skipped. Warns of a stack that
    may need more Fargate vCPUs than the account allows.
    """
    if warning := vcpu_warning(stacks, stack):
        say(warning)
    deployed = DeployedStack.of(stacks, stack)
    if not any(service.exposure != "none" for service in deployed.settings.services):
        say(f"no service of {stack} has an address: nothing to request")
    elif not deployed.urls:
        raise AutomationError(
            f"{stack} has no addresses: its last update failed; {to_type('up', stack)} continues it"
        )
    requested: dict[str, str] = {}
    described = deployed.describe_all()
    for name in sorted(deployed.urls):
        if name in described and described[name]["desiredCount"] == 0:
            say(f"{name} has a desired count of 0 and was not requested")
        elif url := deployed.health_check_url(name):
            requested[name] = url
        else:
            say(f"{name} was not requested: its health check is not reachable at its address")
    report = say if as_json else click.echo
    wait_until_answered(requested, http_status, seconds=within_seconds, report=report)
    others = sorted({*deployed.urls} - {*requested})
    show((), {"stack": stack, "answered": requested, "not_requested": others}, as_json=as_json)


def wait_until_answered(
    addresses: Mapping[str, str],
    get_status: Callable[[str], int | None],
    *,
    seconds: float,
    report: Callable[[str], None],
    clock: Clock = REAL,
) -> None:
    """Request every service's address until it answers 200, and report each that does.

    `get_status` returns the HTTP status of an address; None without an answer.

    Raises:
        AutomationError: not all answer 200 in time; the message has each other address with its last status.
    """
    deadline = clock.now() + seconds
    waiting = dict(sorted(addresses.items()))
    while True:
        statuses = {name: get_status(url) for name, url in waiting.items()}
        for name, status in statuses.items():
            if status == OK:
                report(f"{name} answers at {waiting.pop(name)}")
        if not waiting:
            return
        if clock.now() >= deadline:
            others = "; ".join(
                f"{name} at {url} ({statuses[name] or 'no answer'})" for name, url in waiting.items()
            )
            raise AutomationError(f"no status 200 after {seconds:g} seconds: {others}")
        clock.block(_PAUSE_SECONDS)
