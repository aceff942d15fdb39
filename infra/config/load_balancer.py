"""Rules for the load balancer and the names that lead to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.config.names import HOST_NAME, HOST_NAME_FORM
from infra.settings import LoadBalancerSettings

if TYPE_CHECKING:
    from infra.config.record import Record

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
    )


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
