"""How requests and connections reach a service, and by what a load balancer tells that it is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Final, Literal

from pydantic import Field

from infra.settings.model import ONCE, Fault, Model, Pattern
from infra.settings.names import HostName, HostPattern, PathPattern

Exposure = Literal["http", "tcp", "none"]
ListenerProtocol = Literal["tcp", "tls", "udp"]
ProtocolVersion = Literal["http1", "http2", "grpc"]

# Values in the conditions of a listener rule:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
MOST_VALUES: Final = 5
_WEEK: Final = 7 * 24 * 3600
# ELB takes a slow start of none at all, or of 30 to 900 seconds.
_SHORTEST_SLOW_START: Final = 30
_SHORTEST_TIMEOUT: Final = 2
_USUAL_TIMEOUT: Final = 5
_SUCCESS: Final[dict[ProtocolVersion, str]] = {
    "http1": "200",
    "http2": "200",
    # OK, and "unimplemented": most services do not know the path that is asked for, but answer.
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
"""What only a service with that exposure can say."""


class TrafficSettings(Model):
    """How requests and connections reach a service."""

    exposure: Exposure = "http"
    """How the service is reached: `http` behind the application load balancer, `tcp` behind the network load
    balancer, `none` not at all (a worker)."""
    paths: Annotated[tuple[PathPattern, ...], ONCE] = ()
    """Paths of the host that are the service's, such as /api/*; empty for all that no other service has.
    /api itself is not among /api/*: name both."""
    aliases: Annotated[tuple[HostPattern, ...], ONCE] = ()
    """Further host names of the service, also with a wildcard (*.example.com); each gets a record in the zone
    that holds it and stands in the certificate."""
    redirect_hosts: Annotated[tuple[HostName, ...], Field(max_length=MOST_VALUES), ONCE] = ()
    """Host names whose requests are sent on to the service's own, such as www.example.com."""
    protocol_version: ProtocolVersion = "http1"
    """What the load balancer speaks to the tasks; http2 and grpc need HTTPS in front."""
    sticky_seconds: int = Field(default=0, ge=0, le=_WEEK)
    """How long a browser stays with one task, by a cookie; 0 for not at all."""
    slow_start_seconds: int = Field(default=0, ge=0, le=900)
    """How long a new task is given a growing share of the requests, from 30 seconds; 0 for its full share at
    once."""
    listener_port: int = Field(default=0, ge=0, le=65535)
    """Port of the network load balancer on which a service with `exposure` tcp is reached; 0 for the
    `container-port`."""
    listener_protocol: ListenerProtocol = "tcp"
    """What is spoken there: `tcp`, `udp`, or `tls`, which the load balancer decrypts with the stack's
    certificate."""
    preserve_client_ip: bool = False
    """Whether tasks behind the network load balancer see clients' own addresses; with udp they always do."""
    proxy_protocol: bool = False
    """Whether the network load balancer puts a Proxy Protocol v2 header before each connection, which the app
    has to read."""
    health_check_protocol: Literal["auto", "http", "tcp"] = "auto"
    """How the load balancer asks: `auto` is http for `exposure` http, and whether the port opens (tcp) for
    `exposure` tcp."""
    health_check_port: int = Field(default=0, ge=0, le=65535)
    """Port that the load balancer asks; 0 for the `container-port`."""
    health_check_path: Annotated[
        str,
        # The path and query of a URL; a fragment never leaves the browser.
        Pattern(
            "a path that begins with /, without spaces and #, at most 1024 characters", r'/[!-"$-~]{0,1023}'
        ),
    ] = "/readyz"
    """Path that the load balancer asks for; of a gRPC service the method (/package.service/method)."""
    health_check_codes: Annotated[str, Pattern(_CODES_FORM, rf"{_CODES}(?:,{_CODES})*")] | None = None
    """Codes of a healthy answer, such as 200-399; empty takes 200, and of a gRPC service 0 and 12."""
    health_check_interval_seconds: int = Field(default=10, ge=5, le=300)
    """Time between two health checks."""
    health_check_timeout_seconds: int = Field(default=0, ge=0, le=120)
    """How long an answer may take, from 2 seconds and less than the interval; 0 takes 5, or less where the
    interval is shorter."""
    healthy_threshold: int = Field(default=2, ge=2, le=10)
    """Health checks in a row that a task passes before it gets requests."""
    unhealthy_threshold: int = Field(default=3, ge=2, le=10)
    """Health checks in a row that a task fails before it gets none."""
    deregistration_delay_seconds: int = Field(default=20, ge=0, le=3600)
    """How long a task that leaves may finish its requests."""

    @property
    def checks_http(self) -> bool:
        """Whether the load balancer asks for a path; else it only opens a connection."""
        asked = self.health_check_protocol
        return asked == "http" or (asked == "auto" and self.exposure == "http")

    @property
    def success_codes(self) -> str:
        """Codes of a healthy answer."""
        return self.health_check_codes or _SUCCESS[self.protocol_version]

    @property
    def check_timeout_seconds(self) -> int:
        """How long an answer to a health check may take."""
        # AWS wants it shorter than the interval, which can be 5 seconds.
        return self.health_check_timeout_seconds or min(
            _USUAL_TIMEOUT, self.health_check_interval_seconds - 1
        )

    def _rules(self) -> Iterator[Fault]:
        yield from self._rules_of_exposure()
        yield from self._rules_of_health_checks()
        for index, host in enumerate(self.redirect_hosts):
            if host in self.aliases:
                once = "a name that is not in `aliases`: it is either served or sent on"
                yield Fault(once, ("redirect-hosts", index), host)

    def _rules_of_exposure(self) -> Iterator[Fault]:
        for exposure, names in KEYS_OF_AN_EXPOSURE.items():
            for key in names if self.exposure != exposure else ():
                name = key.replace("-", "_")
                if (value := getattr(self, name)) != TrafficSettings.model_fields[name].default:
                    yield Fault(
                        f"of use only with `exposure: {exposure}`; it is {self.exposure}", (key,), value
                    )
        if 0 < self.slow_start_seconds < _SHORTEST_SLOW_START:
            least = f"0 for none, or {_SHORTEST_SLOW_START} to 900"
            yield Fault(least, ("slow-start-seconds",), self.slow_start_seconds)
        if self.exposure == "tcp" and self.listener_protocol == "udp" and self.preserve_client_ip:
            always = "false: with udp tasks always see clients' addresses, which nothing can switch"
            yield Fault(always, ("preserve-client-ip",), True)

    def _rules_of_health_checks(self) -> Iterator[Fault]:
        interval, timeout = self.health_check_interval_seconds, self.health_check_timeout_seconds
        if timeout and not _SHORTEST_TIMEOUT <= timeout < interval:
            allowed = (
                f"0, or {_SHORTEST_TIMEOUT} to {interval - 1}, less than `health-check-interval-seconds`"
            )
            yield Fault(allowed, ("health-check-timeout-seconds",), timeout)
        if self.exposure == "http" and self.health_check_protocol == "tcp":
            http = "auto or http: the application load balancer asks by HTTP only"
            yield Fault(http, ("health-check-protocol",), "tcp")
        if (codes := self.health_check_codes) is None:
            return
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
        kind, least, most = "HTTP", 200, 599 if self.exposure == "tcp" else 499
        if self.protocol_version == "grpc":
            kind, least, most = "gRPC", 0, 99
        for part in codes.split(","):
            first, _, last = part.partition("-")
            if not least <= int(first) <= int(last or first) <= most:
                yield Fault(
                    f"{kind} codes from {least} to {most}; {_CODES_FORM}", ("health-check-codes",), codes
                )
                return
