"""Rules for the load balancer and the names that lead to it."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING, Final

from infra.config.names import HOST_NAME, HOST_NAME_FORM
from infra.settings import LoadBalancerSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.config.faults import Faults
    from infra.config.record import Record
    from infra.settings import ServiceSettings

# Security Hub's control ELB.17 passes these and no others.
_TLS_POLICIES: Final = tuple(
    f"ELBSecurityPolicy-TLS13-{end}"
    for end in (
        "1-2-Res-2021-06",
        "1-3-2021-06",
        "1-2-Res-PQ-2025-09",
        "1-3-PQ-2025-09",
        "1-3-FIPS-2023-04",
        "1-2-Res-FIPS-2023-04",
        "1-2-Res-FIPS-PQ-2025-09",
        "1-3-FIPS-PQ-2025-09",
    )
)
# The first name of a certificate becomes its common name, which X.509 holds to 64 characters.
_LONGEST_DOMAIN: Final = 64
_CIDR_FORM: Final = "an IPv4 range such as 203.0.113.0/24"
# Security Hub's control EC2.18 leaves only 80 and 443 open to the world; two halves of it are the world too.
_WIDEST_PREFIX: Final = 8
# A security group has 60 rules for each direction, and two of them are the world's.
_MOST_CIDRS: Final = 50


def read_load_balancer(config: Record, *, protect: bool) -> LoadBalancerSettings:
    """Read the load balancer."""
    domain = config.optional_text("domain", allowed=HOST_NAME_FORM, pattern=HOST_NAME)
    if domain is not None and len(domain) > _LONGEST_DOMAIN:
        config.faults.add(
            "domain",
            domain,
            f"at most {_LONGEST_DOMAIN} characters, as its certificate allows; it has {len(domain)}",
        )
    return LoadBalancerSettings(
        domain=domain,
        zone=_read_zone(config, domain),
        idle_timeout_seconds=config.whole("idle-timeout-seconds", 1, 4000),
        tls_policy=config.choice("tls-policy", _TLS_POLICIES),
        deletion_protection=protect,
        test_cidrs=_read_test_cidrs(config),
    )


def check_test_cidrs_are_of_use(
    faults: Faults, load_balancer: LoadBalancerSettings, services: Iterable[ServiceSettings]
) -> None:
    """Refuse a way in to a test listener that there is not."""
    if not load_balancer.test_cidrs or faults.found_at("test-cidrs", "rollout", "multidev"):
        return
    if not any(service.rollout.two_target_groups for service in services):
        faults.add(
            "test-cidrs",
            load_balancer.test_cidrs,
            "none, for no service has a test listener; `rollout.strategy` canary, linear or blue-green has",
        )


def _read_test_cidrs(config: Record) -> tuple[str, ...]:
    cidrs = config.texts("test-cidrs", allowed=_CIDR_FORM, unique=True)
    for index, cidr in enumerate(cidrs):
        where = f"test-cidrs[{index}]"
        try:
            network = IPv4Network(cidr)
        except ValueError as error:
            config.faults.add(where, cidr, f"{_CIDR_FORM} ({error})")
            continue
        if network.prefixlen < _WIDEST_PREFIX:
            config.faults.add(
                where, cidr, f"a /{_WIDEST_PREFIX} or narrower: what is tested is not for the whole world"
            )
    if len(cidrs) > _MOST_CIDRS:
        config.faults.add("test-cidrs", f"{len(cidrs)} ranges", f"at most {_MOST_CIDRS}")
    return cidrs


def _read_zone(config: Record, domain: str | None) -> str | None:
    zone = config.optional_text("zone", allowed=HOST_NAME_FORM, pattern=HOST_NAME)
    if config.faults.found_at("domain", "zone"):
        return zone
    if domain is None:
        if zone is not None:
            config.faults.add(
                "zone", zone, "of use only together with `domain`; remove it, or set a domain inside it"
            )
        return None
    if zone is not None:
        if domain != zone and not domain.endswith(f".{zone}"):
            config.faults.add(
                "domain", domain, f"{zone} or a name that ends in .{zone}, for that is the `zone`"
            )
        return zone
    derived = domain.partition(".")[2]
    if "." not in derived:
        config.faults.add(
            "domain", domain, f"with a `zone` beside it: without its first label it is {derived} alone"
        )
    return derived
