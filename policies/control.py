"""Controls, and the decorator that converts a check to a control."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final, Literal

from policies.resources import Declaration, Resource

Level = Literal["mandatory", "advisory"]
Check = Callable[[Resource, Declaration], Iterator[str]]

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
    level: Level
    """Mandatory controls fail the command and the policy pack; advisory ones are only shown."""

    @property
    def source(self) -> str:
        """AWS's documentation of the control."""
        service, _, number = self.id.partition(".")
        page = service.lower()
        return f"{_GUIDE}/{page}-controls.html#{page}-{number}"


def control(
    id_: str, *types: str, fix: str, title: str | None = None, level: Level = "mandatory"
) -> Callable[[Check], Control]:
    """Return a decorator of checks; the title is the check's docstring, unless it is an argument."""

    def decorate(check: Check) -> Control:
        text = title or (check.__doc__ or "").removesuffix(".")
        return Control(id=id_, title=text, types=types, check=check, fix=fix, level=level)

    return decorate


def controls_of(module: ModuleType) -> Iterator[Control]:
    """Yield the controls of a module in the order of their definitions."""
    values: dict[str, object] = vars(module)
    return (value for value in values.values() if isinstance(value, Control))


def has_fewer_than_two(resource: Resource, *paths: str) -> bool:
    """Whether a resource has fewer than two entries in the first of some lists that it has."""
    lists: list[list[Any]] = [*filter(None, map(resource.get, paths)), []]
    return len(lists[0]) < 2  # noqa: PLR2004 - as its name says
