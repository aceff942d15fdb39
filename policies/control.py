"""What a control is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from policies.resources import Declaration, Resource

Level = Literal["mandatory", "advisory"]
Check = Callable[[Resource, Declaration], Iterator[str]]

_GUIDE: Final = "https://docs.aws.amazon.com/securityhub/latest/userguide"


@dataclass(frozen=True, kw_only=True)
class Control:
    """One control of AWS's Foundational Security Best Practices, or of Security Hub beside them."""

    id: str
    """As Security Hub has it, such as ECS.2."""
    title: str
    """What it asks for."""
    types: tuple[str, ...]
    """The resource types that it is about."""
    check: Check
    """Yields what is wrong with one resource, each as the end of a sentence that begins with its name."""
    fix: str
    """What to do: the stack key, where there is one."""
    level: Level = "mandatory"
    """Mandatory ones fail the command and the policy pack; advisory ones are shown."""

    @property
    def source(self) -> str:
        """AWS's page about it."""
        service, _, number = self.id.partition(".")
        page = service.lower()
        return f"{_GUIDE}/{page}-controls.html#{page}-{number}"
