"""Checks a stack's resources against every control, and applies the stack's exceptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from policies import containers, load_balancing, network, permissions, storage
from policies.control import Control, Level, controls_of
from policies.resources import Declaration, NotKnownError

CONTROLS: Final[Mapping[str, Control]] = {
    control.id: control
    for module in (containers, load_balancing, network, permissions, storage)
    for control in controls_of(module)
}
"""Every control, by its id."""


class ExceptionsError(ValueError):
    """Exceptions of a stack are invalid; the message names each of them."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One fault of one resource."""

    control: Control
    resource: str
    """Its logical name."""
    fault: str
    reason: str | None = None
    """The reason of the exception in the stack's file; None without an exception."""

    def __str__(self) -> str:
        return f"{self.control.id} {self.resource} {self.fault}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result for one stack."""

    findings: Sequence[Finding]
    undecided: Mapping[str, Sequence[str]]
    """Names of resources with values that are known only after an update, by the id of the control."""
    unused: Sequence[str]
    """Exceptions in the stack's file that no resource needs."""
    checked: int
    """Number of controls that apply to a resource of the stack."""

    @property
    def failures(self) -> list[Finding]:
        """Findings of mandatory controls without an exception."""
        return self._without_exception("mandatory")

    @property
    def advice(self) -> list[Finding]:
        """Findings of advisory controls without an exception."""
        return self._without_exception("advisory")

    @property
    def excepted(self) -> list[Finding]:
        """Findings with an exception."""
        return [finding for finding in self.findings if finding.reason is not None]

    def _without_exception(self, level: Level) -> list[Finding]:
        return [
            finding for finding in self.findings if finding.reason is None and finding.control.level == level
        ]


def evaluate(
    declaration: Declaration, exceptions: Mapping[str, str] | None = None, *, only: str | None = None
) -> Report:
    """Check every resource against the controls of its type.

    Args:
        declaration: the stack.
        exceptions: reasons by the id of a control, for all resources (ECS.2) or for one (ECR.2/app-cache).
        only: id of the one control to check; None for all.

    Raises:
        ExceptionsError: an exception names no control, or has no reason.
    """
    reasons = checked_exceptions(exceptions or {})
    findings: list[Finding] = []
    undecided: dict[str, list[str]] = {}
    checked: set[str] = set()
    needed: set[str] = set()
    for control in CONTROLS.values() if only is None else [CONTROLS[only]]:
        for resource in declaration.all(*control.types):
            checked.add(control.id)
            keys = (f"{control.id}/{resource.name}", control.id)
            try:
                faults = [*control.check(resource, declaration)]
            except NotKnownError:
                undecided.setdefault(control.id, []).append(resource.name)
                needed.update(keys)
                continue
            reason = reasons.get(keys[0]) or reasons.get(keys[1])
            for fault in faults:
                findings.append(Finding(control=control, resource=resource.name, fault=fault, reason=reason))
                needed.update(keys)
    return Report(
        findings=findings,
        undecided=undecided,
        unused=[name for name in reasons if name not in needed and not _is_for_scanner(name)],
        checked=len(checked),
    )


def checked_exceptions(exceptions: Mapping[str, str]) -> Mapping[str, str]:
    """Return exceptions unchanged if they are valid.

    Raises:
        ExceptionsError: an exception names no control, or has no reason.
    """
    if errors := [*_errors(exceptions)]:
        raise ExceptionsError("; ".join(errors))
    return exceptions


def _is_for_scanner(name: str) -> bool:
    """Whether an exception is for a check of checkov, which reads the stack file itself."""
    return name.startswith("CKV")


def _errors(exceptions: Mapping[str, str]) -> Iterator[str]:
    for name, reason in exceptions.items():
        id_ = name.partition("/")[0]
        if id_ not in CONTROLS and not _is_for_scanner(name):
            near = get_close_matches(id_, CONTROLS, 1)
            hint = f", did you mean {near[0]}?" if near else " (docs/security.md lists them)"
            yield f"exceptions.{name}: no control of the policy pack has this id{hint}"
        if not reason.strip():
            yield f"exceptions.{name} has no reason: give the reason as its value"
