"""The load balancer and the names that lead to it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.model import ONCE, Allowed, Fault, FaultsError, Model
from infra.settings.names import HostName
from infra.settings.network import MOST_RULES, ipv4_network

# The first name of a certificate becomes its common name, which X.509 holds to 64 characters.
_LONGEST_DOMAIN: Final = 64
# Security Hub's control EC2.18 leaves only 80 and 443 open to the world; two halves of it are the world too.
_WIDEST_PREFIX: Final = 8


def _for_a_few(cidr: str) -> str:
    if IPv4Network(cidr).prefixlen < _WIDEST_PREFIX:
        narrow = f"a /{_WIDEST_PREFIX} or narrower: what is tested is not for the whole world"
        raise FaultsError(Fault(narrow))
    return cidr


def _fits_a_certificate(domain: str) -> str:
    if len(domain) > _LONGEST_DOMAIN:
        most = f"at most {_LONGEST_DOMAIN} characters, as its certificate allows; it has {len(domain)}"
        raise FaultsError(Fault(most))
    return domain


_Testers = Annotated[
    str,
    AfterValidator(ipv4_network),
    AfterValidator(_for_a_few),
    Allowed("an IPv4 range such as 203.0.113.0/24"),
]


class LoadBalancerSettings(Model):
    """The load balancer and the names that lead to it."""

    domain: Annotated[HostName, AfterValidator(_fits_a_certificate)] | None = None
    """Host name of the stack, such as dev.example.com; empty serves plain HTTP on the load balancer's own
    name."""
    zone: HostName | None = None
    """Public Route 53 hosted zone that holds `domain`; empty means the domain without its first label."""
    idle_timeout_seconds: int = Field(default=60, ge=1, le=4000)
    """How long the load balancer keeps an idle connection."""
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
    """Security policy of the HTTPS listener, one of those with TLS 1.3 that Security Hub passes."""
    test_cidrs: Annotated[tuple[_Testers, ...], Field(max_length=MOST_RULES), ONCE] = ()
    """IPv4 ranges that reach the test listener (port 8443, or 8080 without `domain`), where a version answers
    before users see it."""

    @property
    def hosted_zone(self) -> str | None:
        """The zone that holds the domain; None without a domain."""
        return self.zone or (self.domain.partition(".")[2] if self.domain else None)

    def _rules(self) -> Iterator[Fault]:
        if self.domain is None:
            if self.zone is not None:
                alone = "of use only together with `domain`; remove it, or set a domain inside it"
                yield Fault(alone, ("zone",), self.zone)
        elif self.zone is None and "." not in str(self.hosted_zone):
            alone = f"with a `zone` beside it: without its first label it is {self.hosted_zone} alone"
            yield Fault(alone, ("domain",), self.domain)
        elif not f".{self.domain}".endswith(f".{self.hosted_zone}"):
            inside = f"{self.zone} or a name that ends in .{self.zone}, for that is the `zone`"
            yield Fault(inside, ("domain",), self.domain)
