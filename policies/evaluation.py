"""Holds a stack's resources against every control, and takes out the exceptions that have a reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from policies import containers, images, load_balancing, network, permissions, storage
from policies.control import Control
from policies.resources import Declaration, NotKnownError

CONTROLS: Final[Mapping[str, Control]] = {
    control.id: control
    for module in (containers, images, load_balancing, network, permissions, storage)
    for control in module.CONTROLS
}
"""Every control, by its id."""


class ExceptionsError(ValueError):
    """The exceptions of a stack are wrong; the message names each that is."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One resource that a control finds wrong."""

    control: Control
    resource: str
    """Its logical name."""
    fault: str
    reason: str | None = None
    """Why the stack does without, if its file says so."""

    def __str__(self) -> str:
        return f"{self.control.id} {self.resource} {self.fault}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What the controls say of one stack."""

    findings: Sequence[Finding]
    undecided: Mapping[str, Sequence[str]]
    """Names of resources by the id of a control that needs values which only an update makes known."""
    unused: Sequence[str]
    """Exceptions that no resource needs, as the stack's file has them."""
    checked: int
    """How many controls had a resource to look at."""

    @property
    def failures(self) -> list[Finding]:
        """Findings of mandatory controls without an exception."""
        return [one for one in self.findings if one.reason is None and one.control.level == "mandatory"]

    @property
    def advice(self) -> list[Finding]:
        """Findings of advisory controls without an exception."""
        return [one for one in self.findings if one.reason is None and one.control.level == "advisory"]

    @property
    def excepted(self) -> list[Finding]:
        """Findings that the stack's file gives a reason for."""
        return [one for one in self.findings if one.reason is not None]


def evaluate(
    declaration: Declaration, exceptions: Mapping[str, str] | None = None, *, only: str | None = None
) -> Report:
    """Hold every resource against the controls of its type.

    Args:
        declaration: the stack.
        exceptions: reasons by the id of a control that the stack does without, for all its resources (ECS.2)
            or one of them (ECR.2/app-cache).
        only: id of the one control to hold them against.

    Raises:
        ExceptionsError: an exception names no control, or has no reason.
    """
    reasons = checked_exceptions(exceptions or {})
    findings: list[Finding] = []
    undecided: dict[str, list[str]] = {}
    looked_at: set[str] = set()
    for control in CONTROLS.values() if only is None else [CONTROLS[only]]:
        for resource in declaration.all(*control.types):
            looked_at.add(control.id)
            try:
                faults = [*control.check(resource, declaration)]
            except NotKnownError:
                undecided.setdefault(control.id, []).append(resource.name)
                continue
            one = f"{control.id}/{resource.name}"
            reason = reasons.get(one) or reasons.get(control.id)
            findings += (
                Finding(control=control, resource=resource.name, fault=fault, reason=reason)
                for fault in faults
            )
    places = {(one.control.id, one.resource) for one in findings}
    places |= {(id_, name) for id_, names in undecided.items() for name in names}
    needed = {*(id_ for id_, _ in places), *(f"{id_}/{name}" for id_, name in places)}
    return Report(
        findings=findings,
        undecided=undecided,
        unused=[name for name in reasons if name not in needed and not _is_of_scanner(name)],
        checked=len(looked_at),
    )


def checked_exceptions(exceptions: Mapping[str, str]) -> Mapping[str, str]:
    """Return exceptions that are right.

    Raises:
        ExceptionsError: one names no control, or has no reason.
    """
    faults = [*_faults(exceptions)]
    if faults:
        raise ExceptionsError("; ".join(faults))
    return exceptions


def _is_of_scanner(name: str) -> bool:
    """Whether an exception is for a check of checkov, which looks at the stack by itself."""
    return name.startswith("CKV")


def _faults(exceptions: Mapping[str, str]) -> Iterator[str]:
    for name, reason in exceptions.items():
        id_ = name.partition("/")[0]
        if id_ not in CONTROLS and not _is_of_scanner(name):
            near = get_close_matches(id_, CONTROLS, 1)
            hint = f", did you mean {near[0]}?" if near else " (docs/security.md lists them)"
            yield f"exceptions.{name}: no control of the policy pack has this id{hint}"
        if not reason.strip():
            yield f"exceptions.{name} has no reason: say why the stack does without"
