"""`policies`: a stack's resources held against the controls of the policy pack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import click

from automation.console import json_option, show
from automation.errors import AutomationError
from automation.stacks.stacks import Stacks
from policies.engine import name_of, plain
from policies.evaluation import ExceptionsError, Finding, Report, checked_exceptions, evaluate
from policies.resources import Declaration, Resource

_FAILED: Final = 1


@click.command(short_help="Hold a stack against AWS's security controls.")
@click.argument("stack")
@click.option(
    "--deployed", is_flag=True, help="Look at what is deployed, by the state, instead of at a preview."
)
@json_option
@click.pass_obj
def policies(stacks: Stacks, /, *, stack: str, deployed: bool, as_json: bool) -> int:
    """Hold STACK, as its file has it, against the controls that docs/security.md lists.

    The exit code is 1 if a mandatory control fails for which the file has no exception.
    """
    exceptions = stacks.settings(stack).exceptions
    try:
        # A preview takes a while: what is wrong with the file is said before.
        checked_exceptions(exceptions)
    except ExceptionsError as error:
        raise AutomationError(str(error)) from error
    found = stacks.resources(stack) if deployed else stacks.preview(stack).after
    if not found:
        raise AutomationError(f"{stack} has no resources: leave --deployed out, or bring it up first")
    report = evaluate(declaration_of(found), exceptions)
    show(_lines(stack, report), {"stack": stack, **_as_json(report)}, as_json=as_json)
    return _FAILED if report.failures else 0


def declaration_of(states: Iterable[Mapping[str, Any]]) -> Declaration:
    """Return resources as a preview's events and the state have them."""
    return Declaration.of(
        Resource(
            type=one["type"],
            name=name_of(one["urn"]),
            inputs=plain(one.get("inputs") or {}),
            urn=one["urn"],
            id=one.get("id") or "",
            outputs=plain(one.get("outputs") or {}),
            refers=_refers(one.get("propertyDependencies") or {}),
        )
        for one in states
    )


def _refers(dependencies: Mapping[str, Iterable[str] | None]) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(urns) for key, urns in dependencies.items() if urns}


def _lines(stack: str, report: Report) -> Iterator[str]:
    for title, findings in (("FAILED", report.failures), ("advice", report.advice)):
        for one in findings:
            yield f"{title:<9}  {one}"
            yield f"{'':<9}  fix: {one.control.fix}"
    for one in report.excepted:
        yield f"exception  {one}: {one.reason}"
    for id_, names in report.undecided.items():
        later = "not known before the update, ask with --deployed then"
        yield f"later      {id_} {', '.join(names)}: {later}"
    for name in report.unused:
        yield f"unused     exceptions.{name}: no resource needs it any more"
    controls = f"{report.checked} control{'' if report.checked == 1 else 's'}"
    yield (
        f"{stack}: {controls}, {len(report.failures)} failed, {len(report.advice)} advice, "
        f"{len(report.excepted)} by exception"
    )


def _as_json(report: Report) -> dict[str, Any]:
    def listed(findings: Iterable[Finding]) -> list[dict[str, str | None]]:
        return [
            {
                "control": one.control.id,
                "level": one.control.level,
                "resource": one.resource,
                "fault": one.fault,
                "fix": one.control.fix,
                "reason": one.reason,
            }
            for one in findings
        ]

    return {
        "failed": listed(report.failures),
        "advice": listed(report.advice),
        "exceptions": listed(report.excepted),
        "undecided": {id_: [*names] for id_, names in report.undecided.items()},
        "unused": [*report.unused],
        "checked": report.checked,
    }
