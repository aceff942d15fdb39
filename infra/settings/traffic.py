"""How requests and connections reach a service, and its health checks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.faults import Fault
from infra.settings.model import ONCE, Model, Pattern
from infra.settings.names import HostName, HostPattern, PathPattern

Exposure = Literal["http", "tcp", "none"]
ListenerProtocol = Literal["tcp", "tls", "udp"]
ProtocolVersion = Literal["http1", "http2", "grpc"]

# Values in the conditions of a listener rule:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MOST_VALUES: Final = 5
_WEEK: Final = 7 * 24 * 3600
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
_SHORTEST_SLOW_START: Final = 30
_SHORTEST_TIMEOUT: Final = 2
_DEFAULT_TIMEOUT: Final = 5
_SUCCESS: Final[dict[ProtocolVersion, str]] = {
    "http1": "200",
    "http2": "200",
    # OK, and "unimplemented": most services answer so, for they do not have the requested method.
    "grpc": "0,12",
}
_CODES: Final = r"\d{1,3}(?:-\d{1,3})?"
_CODES_FORM: Final = "codes and ranges of codes such as 200 or 200,302 or 200-399"


KEYS_OF_AN_EXPOSURE: Final[dict[Exposure, Sequence[str]]] = {
    "http": (
        *("paths", "aliases", "redirect-hosts", "protocol-version", "sticky-seconds"),
        "slow-start-seconds",
    ),
    "tcp": ("listener-port", "listener-protocol", "preserve-client-ip", "proxy-protocol"),
}
"""Keys that are valid only for services with that exposure."""


class TrafficSettings(Model):
    """How requests and connections reach a service."""

    exposure: Exposure = "http"
    """How the service is reached: `http` behind the application load balancer, `tcp` behind the network load
    balancer, `none` not at all (a worker)."""
    paths: Annotated[tuple[PathPattern, ...], ONCE] = ()
    """Paths of the host that belong to the service, such as /api/*; empty for all that no other service has.
    /api/* does not match /api: list both."""
    aliases: Annotated[tuple[HostPattern, ...], ONCE] = ()
    """More host names of the service, also with a wildcard (*.example.com); each gets a record in the zone
    that holds it, and is in the certificate."""
    redirect_hosts: Annotated[tuple[HostName, ...], Field(max_length=MOST_VALUES), ONCE] = ()
    """Host names that redirect to the service's own, such as www.example.com."""
    protocol_version: ProtocolVersion = "http1"
    """Protocol between load balancer and tasks; http2 and grpc need a `domain`, for HTTPS."""
    sticky_seconds: int = Field(default=0, ge=0, le=_WEEK)
    """Seconds for which a cookie sends a browser to the same task; 0 for no cookie."""
    slow_start_seconds: int = Field(default=0, ge=0, le=900)
    """Seconds for which a new task gets a growing share of the requests, 30 or more; 0 for its full share at
    once."""
    listener_port: int = Field(default=0, ge=0, le=65535)
    """Port of the network load balancer for a service with `exposure` tcp; 0 for the `container-port`."""
    listener_protocol: ListenerProtocol = "tcp"
    """Protocol of that port: `tcp`, `udp`, or `tls`, which the load balancer decrypts with the stack's
    certificate."""
    preserve_client_ip: bool = False
    """Whether tasks behind the network load balancer see clients' own addresses; with udp they always do."""
    proxy_protocol: bool = False
    """Whether the network load balancer begins each connection with a Proxy Protocol v2 header, which the app
    must read."""
    health_check_protocol: Literal["auto", "http", "tcp"] = "auto"
    """Protocol of the load balancer's health check: `auto` is http for `exposure` http, and tcp (the port
    opens) for `exposure` tcp."""
    health_check_port: int = Field(default=0, ge=0, le=65535)
    """Port of the load balancer's health check; 0 for the `container-port`."""
    health_check_path: Annotated[
        str,
        # The path and query of a URL; a fragment never leaves the browser.
        Pattern(
            "a path that begins with /, without spaces and #, at most 1024 characters", r'/[!-"$-~]{0,1023}'
        ),
    ] = "/readyz"
    """Path that the load balancer requests; with gRPC the method (/package.service/method). With `exposure`
    none there is no load balancer, and no such check."""
    health_check_codes: Annotated[str, Pattern(_CODES_FORM, rf"{_CODES}(?:,{_CODES})*")] | None = None
    """Codes of a healthy answer, such as 200-399; empty means 200, and with gRPC 0 and 12."""
    health_check_interval_seconds: int = Field(default=10, ge=5, le=300)
    """Time between two health checks."""
    health_check_timeout_seconds: int = Field(default=0, ge=0, le=120)
    """Seconds that an answer may take: 2 or more, and less than the interval; 0 means 5, or less if the
    interval is shorter."""
    healthy_threshold: int = Field(default=2, ge=2, le=10)
    """Health checks in a row that a task passes before it gets requests."""
    unhealthy_threshold: int = Field(default=3, ge=2, le=10)
    """Health checks in a row that a task fails before it gets none."""
    deregistration_delay_seconds: int = Field(default=20, ge=0, le=3600)
    """How long a task that is being removed may finish its requests."""

    @property
    def checks_http(self) -> bool:
        """Whether the load balancer requests a path; otherwise it only opens a connection."""
        protocol = self.exposure if self.health_check_protocol == "auto" else self.health_check_protocol
        return protocol == "http"

    @property
    def success_codes(self) -> str:
        """Codes of a healthy answer."""
        return self.health_check_codes or _SUCCESS[self.protocol_version]

    @property
    def check_timeout_seconds(self) -> int:
        """How long an answer to a health check may take."""
        # It has to be shorter than the interval, which can be 5 seconds.
        default = min(_DEFAULT_TIMEOUT, self.health_check_interval_seconds - 1)
        return self.health_check_timeout_seconds or default

    def _rules(self) -> Iterator[Fault]:
        for exposure, keys in KEYS_OF_AN_EXPOSURE.items():
            for key in keys if self.exposure != exposure else ():
                default = TrafficSettings.model_fields[key.replace("-", "_")].default
                if self.value_of((key,)) != default:
                    yield Fault((key,), f"only valid with `exposure: {exposure}`; it is {self.exposure}")
        if 0 < self.slow_start_seconds < _SHORTEST_SLOW_START:
            yield Fault(("slow-start-seconds",), f"0 for none, or {_SHORTEST_SLOW_START} to 900")
        if self.exposure == "tcp" and self.listener_protocol == "udp":
            always = "false: with udp tasks always see clients' addresses, which nothing can switch"
            yield from self.refuse(always, "preserve-client-ip")
        for index, host in enumerate(self.redirect_hosts):
            if host in self.aliases:
                once = "a name that is not in `aliases`: a host is either served or redirected"
                yield Fault(("redirect-hosts", index), once)
        yield from self._rules_of_health_checks()

    def _rules_of_health_checks(self) -> Iterator[Fault]:
        interval, timeout = self.health_check_interval_seconds, self.health_check_timeout_seconds
        if timeout and not _SHORTEST_TIMEOUT <= timeout < interval:
            shorter = f"{_SHORTEST_TIMEOUT} to {interval - 1}, less than `health-check-interval-seconds`"
            yield Fault(("health-check-timeout-seconds",), f"0, or {shorter}")
        if self.exposure == "http" and self.health_check_protocol == "tcp":
            http = "auto or http: the application load balancer checks by HTTP only"
            yield Fault(("health-check-protocol",), http)
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
        kind, least, most = "HTTP", 200, 599 if self.exposure == "tcp" else 499
        if self.protocol_version == "grpc":
            kind, least, most = "gRPC", 0, 99
        ranges = [part.partition("-")[::2] for part in self.success_codes.split(",")]
        if not all(least <= int(first) <= int(last or first) <= most for first, last in ranges):
            allowed = f"{kind} codes from {least} to {most}; {_CODES_FORM}"
            yield Fault(("health-check-codes",), allowed)
