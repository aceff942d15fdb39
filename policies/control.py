"""A control, and the checks that several controls share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

from policies.resources import Declaration, Resource

Level = Literal["mandatory", "advisory"]
Check = Callable[[Resource, Declaration], Iterator[str]]
Predicate = Callable[[Resource], object]

_GUIDE: Final = "https://docs.aws.amazon.com/securityhub/latest/userguide"


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control of AWS's Foundational Security Best Practices, or another one of Security Hub."""

    id: str
    """Security Hub's id, such as ECS.2."""
    title: str
    """What the control requires."""
    types: tuple[str, ...]
    """The resource types that the control checks."""
    check: Check
    """Yields each fault of a resource, as the end of a sentence that begins with the resource's name."""
    fix: str
    """How to fix a fault: the stack key, where there is one."""
    level: Level = "mandatory"
    """Mandatory controls fail the command and the policy pack; advisory ones are only shown."""

    @property
    def source(self) -> str:
        """AWS's documentation of the control."""
        service, _, number = self.id.partition(".")
        page = service.lower()
        return f"{_GUIDE}/{page}-controls.html#{page}-{number}"


def fault_if(is_faulty: Predicate, fault: str) -> Check:
    """Return a check of a resource's own inputs.

    Args:
        is_faulty: whether a resource has the fault.
        fault: its text, in which `{port}` stands for the value of the input `port`.
    """

    def check(resource: Resource, _: Declaration) -> Iterator[str]:
        if is_faulty(resource):
            yield _filled(fault, resource)

    return check


def container_fault_if(is_faulty: Predicate, fault: str) -> Check:
    """Return a check of each container of a task definition; the arguments are those of :func:`fault_if`."""

    def check(definition: Resource, _: Declaration) -> Iterator[str]:
        for container in definition.containers():
            if is_faulty(container):
                yield f"({container.name}) {_filled(fault, container)}"

    return check


def fault_without(
    fault: str, *types: str, key: str, where: Predicate = bool, applies: Predicate = bool
) -> Check:
    """Return a check that another resource configures something for a resource.

    Args:
        fault: reported if there is no such resource.
        types: of the other resource.
        key: its input that names the resource.
        where: whether the other resource's inputs are as required; by default its existence is enough.
        applies: whether the check applies to a resource; by default to each one.
    """

    def check(resource: Resource, declaration: Declaration) -> Iterator[str]:
        if applies(resource) and not any(map(where, declaration.related(resource, key, *types))):
            yield fault

    return check


def fewer_than_two(*paths: str) -> Predicate:
    """Return whether a resource has fewer than two entries in the first of some lists that it has."""

    def has_fewer(resource: Resource) -> bool:
        lists: list[list[Any]] = [*filter(None, map(resource.get, paths)), []]
        return len(lists[0]) < 2  # noqa: PLR2004 - as its name says

    return has_fewer


def _filled(text: str, resource: Resource) -> str:
    return re.sub(r"\{(\w+)\}", lambda placeholder: str(resource.get(placeholder[1])), text)
