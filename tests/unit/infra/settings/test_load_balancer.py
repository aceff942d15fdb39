"""Rules for the load balancer and the names that lead to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import fault_of, refuses, settings_of

DOMAIN_OF_64 = f"{'a' * 52}.example.com"


def test_there_is_no_zone_without_a_domain() -> None:
    load_balancer = settings_of({}).load_balancer

    assert (load_balancer.domain, load_balancer.hosted_zone) == (None, None)


@pytest.mark.parametrize(
    ("config", "zone"),
    [
        ({"domain": "dev.example.com"}, "example.com"),
        ({"domain": "a.b.example.com"}, "b.example.com"),
        ({"domain": "a.b.example.com", "zone": "example.com"}, "example.com"),
        ({"domain": "example.com", "zone": "example.com"}, "example.com"),
    ],
)
def test_the_default_zone_is_the_domain_without_its_first_label(config: dict[str, str], zone: str) -> None:
    assert settings_of(config).load_balancer.hosted_zone == zone


def test_tls_policies_are_those_that_security_hub_accepts() -> None:
    assert fault_of({"tls-policy": "ELBSecurityPolicy-2016-08"}) == (
        'tls-policy = "ELBSecurityPolicy-2016-08": one of '
        "ELBSecurityPolicy-TLS13-1-2-Res-2021-06, ELBSecurityPolicy-TLS13-1-3-2021-06, "
        "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09, ELBSecurityPolicy-TLS13-1-3-PQ-2025-09, "
        "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04, ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04, "
        "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09, ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09"
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"domain": "Dev.example.com"}, "domain … lowercase letters"),
        ({"domain": "-a.example.com"}, "domain … no hyphen at the edges"),
        ({"domain": "a-.example.com"}, "domain … no hyphen at the edges"),
        ({"domain": "a_b.example.com"}, "domain … lowercase letters, digits and hyphens"),
        ({"domain": "a..example.com"}, "domain … a host name"),
        ({"domain": "example"}, "domain … a host name"),
        ({"domain": "a.example.com."}, "domain … a host name"),
        ({"domain": "a.example.c0m"}, "domain … after the last dot only letters"),
        ({"domain": f"{'a' * 64}.example.com"}, "domain … at most 63 characters"),
        ({"domain": f"a{DOMAIN_OF_64}"}, "domain … at most 64 characters, as its certificate"),
        ({"domain": "dev.example.com", "zone": "example.org"}, "domain … example.org or a name that ends"),
        ({"domain": "dev.notexample.com", "zone": "example.com"}, "domain … ends in .example.com"),
        ({"domain": "example.com"}, "domain … with a `zone`"),
        ({"test-cidrs": ["10.0.0.0/8"]}, "test-cidrs … none, for no service has a test listener"),
        ({"zone": "example.com"}, "zone … only valid together with `domain`"),
        ({"domain": "dev.example.com", "zone": "x y"}, "zone … a host name"),
        ({"hsts-seconds": 60}, "hsts-seconds … 0, or a `domain`: browsers accept it only from HTTPS"),
        ({"domain": "dev.example.com", "hsts-subdomains": True}, "hsts-subdomains … together with"),
        ({"allowed-cidrs": ["office"]}, "allowed-cidrs[0] … an IPv4 or IPv6 range such as"),
        ({"allowed-cidrs": ["203.0.113.7/24"]}, "allowed-cidrs[0] … without host bits: 203.0.113.0/24"),
        ({"allowed-cidrs": ["2001:db8::1/32"]}, "allowed-cidrs[0] … without host bits: 2001:db8::/32"),
        ({"allowed-cidrs": ["2001:db8::"]}, "allowed-cidrs[0] … without host bits: 2001:db8::/128"),
        ({"allowed-cidrs": ["10.0.0.0/8", "10.0.0.0/8"]}, "allowed-cidrs[1] … each once"),
    ],
)
def test_invalid_load_balancers_and_domains_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_test_cidrs_are_accepted() -> None:
    config = {"test-cidrs": ["203.0.113.0/24", "198.51.100.7/32"], "rollout": {"strategy": "blue-green"}}

    assert settings_of(config).load_balancer.test_cidrs == ("203.0.113.0/24", "198.51.100.7/32")


@pytest.mark.parametrize(
    ("cidrs", "message"),
    [
        (["0.0.0.0/0"], "test-cidrs[0] … not for the whole internet"),
        (["128.0.0.0/1"], "test-cidrs[0] … not for the whole internet"),
        (["203.0.113.7/24"], "test-cidrs[0] … without host bits: 203.0.113.0/24"),
        (["office"], "test-cidrs[0] … an IPv4 range such as 203.0.113.0/24"),
        (["10.0.0.0/8", "10.0.0.0/8"], "test-cidrs[1] … each once"),
        ([f"10.0.{number}.0/24" for number in range(51)], 'test-cidrs = "51 items": … at most 50'),
    ],
)
def test_invalid_test_cidrs_are_refused(cidrs: list[str], message: str) -> None:
    """Security Hub's control EC2.18."""
    refuses({"test-cidrs": cidrs, "rollout": {"strategy": "canary"}}, message)


def test_allowed_cidrs_are_limited_by_the_security_group() -> None:
    """Of each range there is a rule for each port, and a group has 60."""
    cidrs = [f"10.0.{number}.0/24" for number in range(31)]

    assert settings_of({"allowed-cidrs": cidrs}).load_balancer.allowed_cidrs == tuple(cidrs)
    refuses(
        {"domain": "dev.example.com", "allowed-cidrs": cidrs},
        'allowed-cidrs = "31 items": … fewer: 2 rules for each make 62 with `test-cidrs`, and a security group has 60',
    )


@pytest.mark.parametrize(
    ("config", "header"),
    [
        ({}, None),
        ({"hsts-seconds": 31_536_000}, "max-age=31536000"),
        ({"hsts-seconds": 60, "hsts-subdomains": True}, "max-age=60; includeSubDomains"),
    ],
)
def test_the_hsts_header_follows_from_the_configuration(config: dict[str, Any], header: str | None) -> None:
    assert settings_of({"domain": "dev.example.com", **config}).load_balancer.hsts == header
