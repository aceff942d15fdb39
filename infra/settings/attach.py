"""Stacks that attach to another one, and the stack that they attach to."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field

from infra.settings.faults import Fault, FaultsError
from infra.settings.model import Allowed, Model, Pattern
from infra.settings.names import PRIORITIES_OF_ATTACHED, StackName, first_to_last

KEYS_OF_THE_BASE: Final = (
    *("protect", "image-from"),
    *("vpc-id", "public-subnet-ids", "private-subnet-ids", "cidr", "availability-zones", "nat"),
    *("discovery-domain", "egress", "container-insights", "tls-policy", "test-cidrs"),
    *("hosted-zone-id", "private-zone", "alias-zones", "dns-records", "certificate-arn", "internal"),
    *("allowed-cidrs", "listener-arn", "test-listener-arn", "listener-priority", "network-load-balancer"),
    *("hsts-seconds", "hsts-subdomains", "aliases", "redirect-hosts", "cluster-arn", "firewall"),
    *("rollout", "services", "multidev", "preview-stacks", "notifications"),
    *("log-bucket", "flow-logs", "interface-endpoints", "dashboard", "idle-timeout-seconds"),
)
"""Keys that only the base stack sets; a stack with `attach-to` leaves them at their defaults."""

_TIME_FORM: Final = "a time in UTC such as 2026-11-24T12:00:00Z"


def _from_go(value: object) -> object:
    """Return a time in ISO form: the CLI passes one without quotes in the form of Go's `time.Time`."""
    return re.sub(r"(\S+) (\S+) \+0000 UTC", r"\1T\2Z", value) if isinstance(value, str) else value


def _in_utc(text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%dT%H:%M:%SZ}"
    except ValueError as error:
        raise FaultsError(Fault((), f"{_TIME_FORM} ({error})")) from None


def _check_priority(priority: int) -> int:
    if priority and priority not in PRIORITIES_OF_ATTACHED:
        raise ValueError(priority)
    return priority


UtcTime = Annotated[
    str,
    BeforeValidator(_from_go),
    Pattern(_TIME_FORM, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+00:00)"),
    AfterValidator(_in_utc),
]


class AttachSettings(Model):
    """The stack whose cluster, load balancer, network and image repository this one uses."""

    base: StackName = Field(alias="attach-to")
    """Stack whose cluster, load balancer, network and zone this one uses, with its own service; empty for a
    stack with its own."""
    expires: UtcTime | None = None
    """Time in UTC at which a stack with `attach-to` may be deleted; empty for never."""
    priority: Annotated[
        int,
        AfterValidator(_check_priority),
        Allowed(f"a whole number from {first_to_last(PRIORITIES_OF_ATTACHED)}, or 0"),
    ] = 0
    """Listener rule priority of a stack with `attach-to`; 0 for a number that follows from the stack's
    name."""


class PreviewSettings(Model):
    """How many stacks of pull requests may attach to this one, and for how long."""

    # One load balancer carries 100 rules, and one is the main service's.
    maximum: int = Field(default=10, ge=0, le=99)
    """Most such stacks at once."""
    lifetime_hours: int = Field(default=72, ge=1, le=8760)
    """Hours for which each may exist."""
