"""The load balancers: access, protocols, and existing ones."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.domain import DomainSettings
from infra.settings.faults import Fault
from infra.settings.model import ONCE, Allowed, Model, arn, checked
from infra.settings.names import PriorityOrZero
from infra.settings.network import MOST_RULES, Clients, ipv4_network

# Security Hub's control EC2.18 allows only 80 and 443 from everywhere; 0.0.0.0/1 is half of everywhere.
_WIDEST_PREFIX: Final = 8
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
_RULES_OF_A_GROUP: Final = 60
_TWO_YEARS: Final = 2 * 366 * 24 * 3600


def _too_wide(cidr: str) -> Iterator[Fault]:
    if IPv4Network(cidr).prefixlen < _WIDEST_PREFIX:
        yield Fault((), f"a /{_WIDEST_PREFIX} or narrower: the test listener is not for the whole internet")


_Testers = Annotated[
    str,
    AfterValidator(ipv4_network),
    checked(_too_wide),
    Allowed("an IPv4 range such as 203.0.113.0/24"),
]
_Listener = Annotated[
    str,
    arn(
        "an application load balancer's listener",
        "elasticloadbalancing",
        "listener/app/[A-Za-z0-9-]+/[0-9a-f]{16}/[0-9a-f]{16}",
        ":listener/app/…",
    ),
]


_NETWORK_BALANCER_ARN: Final = arn(
    "a network load balancer",
    "elasticloadbalancing",
    "loadbalancer/net/[A-Za-z0-9-]+/[0-9a-f]{16}",
    ":loadbalancer/net/…",
)


class NetworkLoadBalancerSettings(Model):
    """The load balancer of services with `exposure` tcp."""

    arn: Annotated[str, _NETWORK_BALANCER_ARN] | None = None
    """Existing network load balancer, to which the stack adds its listeners; empty creates one."""
    internal: bool = False
    """Whether it is in the private subnets, so that only the VPC and connected networks reach it."""
    fixed_addresses: bool = False
    """Whether it has an Elastic IP address in each zone; these are kept when it is replaced."""
    allowed_cidrs: Annotated[Clients, Field(max_length=MOST_RULES)] = ()
    """IP ranges of the clients that may reach it; empty for all."""

    def _rules(self) -> Iterator[Fault]:
        if self.internal:
            public = "false: Elastic IP addresses are public, and `internal` is true"
            yield from self.refuse(public, "fixed-addresses")
        if self.arn is not None:
            existing = "nothing: the existing load balancer of `arn` is not changed"
            yield from self.refuse(existing, "internal", "fixed-addresses", "allowed-cidrs")


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
            yield from self.refuse("only valid together with `enabled`", "count-only")


class LoadBalancerSettings(DomainSettings):
    """The load balancers and their host names."""

    internal: bool = False
    """Whether the application load balancer is in the private subnets, so that only the VPC and connected
    networks reach it."""
    allowed_cidrs: Annotated[Clients, Field(max_length=MOST_RULES)] = ()
    """IP ranges of the clients that may reach it; empty for all."""
    listener_arn: _Listener | None = None
    """Listener of an existing application load balancer, to which the stack adds its rules; empty creates a
    load balancer."""
    test_listener_arn: _Listener | None = None
    """Another listener of that load balancer, for versions that users do not see yet; only with strategies
    other than rolling."""
    listener_priority: PriorityOrZero = 0
    """Priority of the main service's rule at `listener-arn`; 0 for a number that follows from the stack's
    name."""
    network_load_balancer: NetworkLoadBalancerSettings = NetworkLoadBalancerSettings()
    """Load balancer of services with `exposure` tcp; it exists only if there are such services."""
    firewall: FirewallSettings = FirewallSettings()
    """AWS WAF in front of the stack's own application load balancer."""
    hsts_seconds: int = Field(default=0, ge=0, le=_TWO_YEARS)
    """Seconds for which browsers use only HTTPS after an answer (Strict-Transport-Security); 0 for no such
    header."""
    hsts_subdomains: bool = False
    """Whether this holds for all names below the host, too."""
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    """Seconds for which the load balancer keeps an idle connection."""
    # Security Hub's control ELB.17 passes these and no others.
    tls_policy: Literal[
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
        "ELBSecurityPolicy-TLS13-1-3-2021-06",
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
        "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
        "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
        "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
        "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09",
        "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
    ] = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"
    """Security policy of HTTPS and TLS listeners: those with TLS 1.3 that Security Hub accepts."""
    test_cidrs: Annotated[tuple[_Testers, ...], Field(max_length=MOST_RULES), ONCE] = ()
    """IPv4 ranges that reach the test listener (port 8443, or 8080 without `domain`), where a version answers
    before users see it."""

    @property
    def makes_certificate(self) -> bool:
        """Whether the stack creates its certificate; an existing listener has one."""
        return self.domain is not None and self.certificate_arn is None and self.listener_arn is None

    @property
    def hsts(self) -> str | None:
        """The header Strict-Transport-Security; None for none."""
        if not self.hsts_seconds:
            return None
        return f"max-age={self.hsts_seconds}" + ("; includeSubDomains" if self.hsts_subdomains else "")

    def _rules(self) -> Iterator[Fault]:
        yield from super()._rules()
        if self.makes_certificate:
            own = "with a `certificate-arn`: a new certificate is validated by records in a public zone"
            if not self.dns_records:
                yield Fault(("dns-records",), f"true, or {own}")
            yield from self.refuse(f"false, or {own}", "private-zone")
        if self.domain is None:
            https = "0, or a `domain`: browsers accept it only from HTTPS"
            yield from self.refuse(https, "hsts-seconds")
        if not self.hsts_seconds:
            yield from self.refuse("only valid together with `hsts-seconds`", "hsts-subdomains")
        ports = 2 if self.domain else 1
        rules = ports * len(self.allowed_cidrs) + len(self.test_cidrs)
        if rules > _RULES_OF_A_GROUP:
            most = f"{ports} rules for each make {rules} with `test-cidrs`, and a security group has"
            shown = f"{len(self.allowed_cidrs)} items"
            yield Fault(("allowed-cidrs",), f"fewer: {most} {_RULES_OF_A_GROUP}", shown)
        yield from self._rules_of_existing_listener()

    def _rules_of_existing_listener(self) -> Iterator[Fault]:
        if self.listener_arn is None:
            alone = "only valid together with `listener-arn`"
            yield from self.refuse(alone, "test-listener-arn", "listener-priority")
            return
        existing = "nothing: the existing load balancer of `listener-arn` is not changed"
        yield from self.refuse(existing, "internal", "allowed-cidrs", "test-cidrs", "hsts-seconds")
        if self.firewall.enabled:
            owner = "false: the owner of the load balancer of `listener-arn` chooses its web ACL"
            yield Fault(("firewall", "enabled"), owner)
        balancer = _balancer(self.listener_arn)
        if self.test_listener_arn == self.listener_arn:
            other = "another listener than `listener-arn`, of the same load balancer"
            yield Fault(("test-listener-arn",), other)
        elif self.test_listener_arn and _balancer(self.test_listener_arn) != balancer:
            same = f"a listener of {balancer}, the load balancer of `listener-arn`"
            yield Fault(("test-listener-arn",), same)


def _balancer(listener_arn: str) -> str:
    return "/".join(listener_arn.split("/")[1:4])
