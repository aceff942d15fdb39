"""Inputs of a stack's component."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class EnvironmentArgs:
    """Settings of a stack, and where Pulumi keeps it."""

    settings: Settings
    organization: str
    project: str

    @property
    def stack_prefix(self) -> str:
        """Return `<organization>/<project>`, which precedes the name of a stack."""
        return f"{self.organization}/{self.project}"
