"""DNS names of a stack: zones and certificate."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.infra.settings_fixtures import refuses, settings_of

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/0123-4567"
HTTPS = {"domain": "dev.example.com"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hosted-zone-id": "Z1"}, "hosted-zone-id … only valid together with `domain`"),
        ({"private-zone": True}, "private-zone … only valid together with `domain`"),
        ({"alias-zones": ["example.org"]}, "alias-zones … only valid together with `domain`"),
        ({"certificate-arn": CERTIFICATE}, "certificate-arn … only valid together with `domain`"),
        ({**HTTPS, "hosted-zone-id": "example.com"}, "hosted-zone-id … such as Z0123456789"),
        ({**HTTPS, "certificate-arn": "example.com"}, "certificate-arn … the ARN of a certificate in ACM"),
        (
            {**HTTPS, "certificate-arn": CERTIFICATE.replace("us-east-1", "eu-west-1")},
            "certificate-arn … one in us-east-1, the stack's region",
        ),
        ({**HTTPS, "dns-records": False}, "dns-records … true, or with a `certificate-arn`"),
        ({**HTTPS, "private-zone": True}, "private-zone … false, or with a `certificate-arn`"),
        (
            {**HTTPS, "dns-records": False, "certificate-arn": CERTIFICATE, "hosted-zone-id": "Z1"},
            "hosted-zone-id … with `dns-records: false` no zone is used",
        ),
        ({"aliases": ["www.example.com"]}, "aliases[0] … none without a `domain`"),
        ({"redirect-hosts": ["www.example.com"]}, "redirect-hosts[0] … none without a `domain`"),
        ({**HTTPS, "aliases": ["example.org"]}, "aliases[0] … a name in example.com, or with its zone"),
        (
            {**HTTPS, "services": {"api": {"aliases": ["api.example.org"]}}},
            "services.api.aliases[0] … a name in example.com, or with its zone in `alias-zones`",
        ),
    ],
)
def test_invalid_zones_and_certificates_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_a_host_belongs_to_the_longest_matching_zone() -> None:
    zones = ["example.org", "eu.example.org"]
    names = settings_of({**HTTPS, "alias-zones": zones, "aliases": ["a.eu.example.org"]}).load_balancer

    assert names.zone_of("a.eu.example.org") == "eu.example.org"
    assert names.zone_of("b.example.org") == "example.org"
    assert names.zone_of("dev.example.com") == "example.com"
    assert names.zone_of("notexample.com") is None


def test_aliases_without_dns_records_may_be_in_any_zone() -> None:
    config = {**HTTPS, "dns-records": False, "certificate-arn": CERTIFICATE, "aliases": ["shop.example.org"]}

    assert settings_of(config).main.hosts == ("dev.example.com", "shop.example.org")


def test_the_certificate_lists_hosts_outside_the_wildcard() -> None:
    config = {
        **HTTPS,
        "aliases": ["www.dev.example.com", "example.com", "*.shop.example.com"],
        "redirect-hosts": ["old.shop.example.com", "www.example.com"],
        "services": {"api": {"aliases": ["a.api.dev.example.com"]}},
        "multidev": ["alice"],
    }
    settings = settings_of(config)

    assert settings.routing.certified == (
        "*.dev.example.com",
        "example.com",
        "*.shop.example.com",
        "www.example.com",
        "a.api.dev.example.com",
    )


def test_only_an_own_certificate_may_have_more_than_ten_names() -> None:
    services = {
        f"s{service}": {"aliases": [f"a{name}.s{service}.example.com" for name in range(3)]}
        for service in range(3)
    }
    config = {**HTTPS, "services": services}

    refuses(config, "aliases = … with `domain` they are 11 names, and a certificate of ACM's has 10")
    assert settings_of({**config, "certificate-arn": CERTIFICATE})


def test_a_stack_with_a_domain_makes_its_certificate_unless_it_has_one() -> None:
    makes = [
        settings_of(config).load_balancer.makes_certificate
        for config in ({}, HTTPS, {**HTTPS, "certificate-arn": CERTIFICATE})
    ]

    assert makes == [False, True, False]
