"""AWS WAF in front of the application load balancer."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import Model


class FirewallSettings(Model):
    """The web ACL of AWS WAF at the stack's own application load balancer."""

    enabled: bool = False
    """Whether AWS WAF checks each request: AWS's common rules, known bad inputs, and a limit for each client
    address."""
    # https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based-high-level-settings.html
    requests_per_five_minutes: int = Field(default=2000, ge=10, le=2_000_000_000)
    """Requests of a client address in five minutes above which it is blocked until it sends fewer."""
    count_only: bool = False
    """Whether requests are only counted and logged instead of blocked, to try the rules."""

    def _rules(self) -> Iterator[Fault]:
        if not self.enabled:
            yield from self.refuse("of use only together with `enabled`", "count-only")
