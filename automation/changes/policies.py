"""`policies`: checks a stack's resources against the controls of the policy pack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from automation.changes.github import file_type
from automation.console import json_option, show, to_type, write_text
from automation.errors import AutomationError
from automation.stacks.stacks import Stacks
from policies.engine import name_of, plain
from policies.evaluation import ExceptionsError, Finding, Report, checked_exceptions, evaluate
from policies.resources import Declaration, Resource

_FAILED: Final = 1


@click.command(short_help="Check a stack against AWS's security controls.")
@click.argument("stack")
@click.option(
    "--deployed", is_flag=True, help="Check the deployed resources, by the state, instead of a preview."
)
@click.option(
    "--terraform-plan",
    type=file_type,
    metavar="FILE.json",
    help="Also write the resources as a Terraform plan, which checkov and other scanners read.",
)
@json_option
@click.pass_obj
def policies(
    stacks: Stacks, /, *, stack: str, deployed: bool, terraform_plan: Path | None, as_json: bool
) -> int:
    """Check STACK, as its file declares it, against the controls in docs/security.md.

    The exit code is 1 if a mandatory control fails and the file has no exception for it.
    """
    exceptions = exceptions_for(stacks, stack)
    resources = stacks.resources(stack) if deployed else stacks.preview(stack).after
    if not resources:
        raise AutomationError(
            f"{stack} has no resources: leave --deployed out, or run {to_type('up', stack)} first"
        )
    declaration = declaration_of(resources)
    if terraform_plan is not None:
        from policies.terraform_plan import terraform_plan as plan_of

        write_text(terraform_plan, json.dumps(plan_of(declaration), indent=2) + "\n")
    report = evaluate(declaration, exceptions)
    show(lines_of(stack, report), {"stack": stack, **report_as_json(report)}, as_json=as_json)
    return _FAILED if report.failures else 0


def exceptions_for(stacks: Stacks, stack: str) -> Mapping[str, str]:
    """Return the exceptions in a stack's file.

    Raises:
        AutomationError: an exception names no control, or has no reason.
    """
    try:
        return checked_exceptions(stacks.settings(stack).exceptions)
    except ExceptionsError as error:
        raise AutomationError(str(error)) from error


def declaration_of(states: Iterable[Mapping[str, Any]]) -> Declaration:
    """Convert resources of a preview's events, or of the state."""
    return Declaration.of(
        Resource(
            type=item["type"],
            name=name_of(item["urn"]),
            inputs=plain(item.get("inputs") or {}),
            urn=item["urn"],
            id=item.get("id") or "",
            outputs=plain(item.get("outputs") or {}),
            refers=_references(item.get("propertyDependencies") or {}),
        )
        for item in states
    )


def _references(dependencies: Mapping[str, Iterable[str] | None]) -> Mapping[str, frozenset[str]]:
    return {key: frozenset(urns) for key, urns in dependencies.items() if urns}


def lines_of(stack: str, report: Report) -> Iterator[str]:
    """Yield the lines of a report, the summary last."""
    for title, findings in (("FAILED", report.failures), ("advice", report.advice)):
        for finding in findings:
            yield f"{title:<9}  {finding}"
            yield f"{'':<9}  fix: {finding.control.fix}"
    for finding in report.excepted:
        yield f"exception  {finding}: {finding.reason}"
    for id_, names in report.undecided.items():
        hint = "not known before the update; check it with --deployed afterwards"
        yield f"later      {id_} {', '.join(names)}: {hint}"
    for name in report.unused:
        yield f"unused     exceptions.{name}: no resource needs it any more"
    controls = f"{report.checked} control{'' if report.checked == 1 else 's'}"
    yield (
        f"{stack}: {controls}, {len(report.failures)} failed, {len(report.advice)} advice, "
        f"{len(report.excepted)} by exception"
    )


def report_as_json(report: Report) -> dict[str, Any]:
    """Return a report as plain data."""

    def listed(findings: Iterable[Finding]) -> list[dict[str, str | None]]:
        return [
            {
                "control": finding.control.id,
                "level": finding.control.level,
                "resource": finding.resource,
                "violation": finding.fault,
                "fix": finding.control.fix,
                "reason": finding.reason,
            }
            for finding in findings
        ]

    return {
        "failed": listed(report.failures),
        "advice": listed(report.advice),
        "exceptions": listed(report.excepted),
        "not_evaluated": {id_: [*names] for id_, names in report.undecided.items()},
        "unused_exceptions": [*report.unused],
        "checked": report.checked,
    }
