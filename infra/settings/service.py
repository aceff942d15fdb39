"""One service: the stack's main one, one beside it, or a multidev copy."""

from __future__ import annotations

from collections.abc import Iterator

from infra.settings.model import Fault
from infra.settings.service_keys import ServiceKeys
from infra.settings.service_rules import rules_of_service


class ServiceSettings(ServiceKeys):
    """One service: the stack's main one, one beside it, or a multidev copy."""

    def _rules(self) -> Iterator[Fault]:
        yield from super()._rules()
        yield from rules_of_service(self)
