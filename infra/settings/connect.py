"""How services reach each other: by ECS Service Connect, or by names in a private DNS zone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import ONCE, Model, Pattern
from infra.settings.names import DNS_LABEL, DnsLabel

# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectClientAlias.html
_Alias = Annotated[
    str,
    Pattern(
        f"a host name such as api or api.internal: labels of {DNS_LABEL.description}",
        rf"(?=.{{1,127}}$){DNS_LABEL.pattern}(?:\.{DNS_LABEL.pattern})*",
    ),
]


class _Switched(Model):
    """Something that is off unless it is switched on."""

    enabled: bool = False

    def _rules(self) -> Iterator[Fault]:
        if self.model_fields_set and "enabled" not in self.model_fields_set:
            yield Fault(("enabled",), "true, for the other keys to have a meaning")


class ConnectSettings(_Switched):
    """A service's part in ECS Service Connect: a proxy beside the app that knows the other services."""

    enabled: bool = False
    """Whether the service takes part."""
    offers: bool = True
    """Whether other services can call this one by its alias; false for one that only calls others."""
    alias: _Alias | None = None
    """Host name by which others call it; empty for the service's name. A copy adds its own name to it."""
    port: int = Field(default=0, ge=0, le=65535)
    """Port at which others call it; 0 for 80, or for the app's own port with `protocol` tcp."""
    protocol: Literal["http", "http2", "grpc", "tcp"] = "http"
    """Protocol, for the proxy's retries, timeouts and metrics."""
    calls: Annotated[tuple[DnsLabel, ...], ONCE] = ()
    """Services that this one calls. It is deployed after them, and again when their aliases change, because a
    task knows only the aliases that existed at its deployment. Empty means none, and with `offers: false`
    all."""
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html
    per_request_timeout_seconds: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Seconds that a request may take, 0 for no limit; empty for AWS's default of 15. Not with tcp."""
    idle_timeout_seconds: int | None = Field(default=None, ge=0, le=2**31 - 1)
    """Seconds that an idle connection stays open, 0 for no limit; empty for AWS's default of 5 minutes, with
    tcp an hour."""

    def _rules(self) -> Iterator[Fault]:
        yield from super()._rules()
        if self.protocol == "tcp" and self.per_request_timeout_seconds is not None:
            yield Fault(("per-request-timeout-seconds",), "nothing, for tcp has no requests")
        if not self.offers:
            yield from self.refuse(
                "nothing, with `offers: false`: nobody calls this service", "alias", "port"
            )


class DiscoverySettings(_Switched):
    """A name for a service's tasks in the stack's private DNS zone."""

    enabled: bool = False
    """Whether the service has one."""
    name: DnsLabel | None = None
    """Label before the zone's name; empty for the service's name. A copy adds its own name to it."""
    ttl_seconds: int = Field(default=10, ge=0, le=2**31 - 1)
    """Seconds for which clients may cache the answer."""
