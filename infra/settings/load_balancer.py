"""The load balancers: access, protocols, and existing ones."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.domain import DomainSettings
from infra.settings.firewall import FirewallSettings
from infra.settings.model import ONCE, Allowed, Fault, FaultsError, Pattern
from infra.settings.names import LAST_PRIORITY
from infra.settings.network import MOST_RULES, Clients, ipv4_network
from infra.settings.network_load_balancer import NetworkLoadBalancerSettings

# Security Hub's control EC2.18 leaves only 80 and 443 open to the world; two halves of it are the world too.
_WIDEST_PREFIX: Final = 8
# https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
_RULES_OF_A_GROUP: Final = 60
_TWO_YEARS: Final = 2 * 366 * 24 * 3600


def _for_a_few(cidr: str) -> str:
    if IPv4Network(cidr).prefixlen < _WIDEST_PREFIX:
        narrow = f"a /{_WIDEST_PREFIX} or narrower: what is tested is not for the whole world"
        raise FaultsError(Fault(narrow))
    return cidr


_Testers = Annotated[
    str,
    AfterValidator(ipv4_network),
    AfterValidator(_for_a_few),
    Allowed("an IPv4 range such as 203.0.113.0/24"),
]
_Listener = Annotated[
    str,
    Pattern(
        "the ARN of an application load balancer's listener (arn:aws:elasticloadbalancing:…:listener/app/…)",
        r"arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:"
        r"listener/app/[A-Za-z0-9-]+/[0-9a-f]{16}/[0-9a-f]{16}",
    ),
]


class LoadBalancerSettings(DomainSettings):
    """The load balancers and the names that lead to them."""

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
    listener_priority: int = Field(default=0, ge=0, le=LAST_PRIORITY)
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
        """Whether the stack makes its certificate: an existing listener has one."""
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
            own = "`certificate-arn` beside it: a certificate is proved by records in a public zone"
            if not self.dns_records:
                yield Fault(f"true, or {own}", ("dns-records",), False)
            if self.private_zone:
                yield Fault(f"false, or {own}", ("private-zone",), True)
        if self.hsts_seconds and self.domain is None:
            https = "0, or a `domain`: browsers take it from HTTPS alone"
            yield Fault(https, ("hsts-seconds",), self.hsts_seconds)
        if self.hsts_subdomains and not self.hsts_seconds:
            yield Fault("of use only together with `hsts-seconds`", ("hsts-subdomains",), True)
        ports = 2 if self.domain else 1
        rules = ports * len(self.allowed_cidrs) + len(self.test_cidrs)
        if rules > _RULES_OF_A_GROUP:
            most = f"{ports} rules for each make {rules} with `test-cidrs`, and a security group has"
            yield Fault(
                f"fewer: {most} {_RULES_OF_A_GROUP}", ("allowed-cidrs",), f"{len(self.allowed_cidrs)} items"
            )
        yield from self._rules_of_an_existing_one()

    def _rules_of_an_existing_one(self) -> Iterator[Fault]:
        if self.listener_arn is None:
            for key in ("test_listener_arn", "listener_priority"):
                if value := getattr(self, key):
                    alone = "of use only together with `listener-arn`"
                    yield Fault(alone, (key.replace("_", "-"),), value)
            return
        for key in ("internal", "allowed_cidrs", "test_cidrs", "hsts_seconds"):
            if value := getattr(self, key):
                own = "nothing, for the load balancer of `listener-arn` is there and has what it has of this"
                yield Fault(own, (key.replace("_", "-"),), value)
        if self.firewall.enabled:
            theirs = "false: whoever owns the load balancer of `listener-arn` decides which web ACL it has"
            yield Fault(theirs, ("firewall", "enabled"), True)
        if self.test_listener_arn == self.listener_arn:
            other = "another listener than `listener-arn`, of the same load balancer"
            yield Fault(other, ("test-listener-arn",), self.test_listener_arn)
        elif self.test_listener_arn and _balancer(self.test_listener_arn) != _balancer(self.listener_arn):
            same = f"a listener of {_balancer(self.listener_arn)}, the load balancer of `listener-arn`"
            yield Fault(same, ("test-listener-arn",), self.test_listener_arn)


def _balancer(listener_arn: str) -> str:
    return "/".join(listener_arn.split("/")[1:4])
