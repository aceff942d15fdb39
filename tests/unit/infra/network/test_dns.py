"""DNS records and certificates."""

from __future__ import annotations

import pulumi_aws as aws

from infra.network.dns import Certificate, CertificateArgs, Host, HostArgs
from tests.unit.infra.factories import child_options
from tests.unit.infra.recorder import Graph, declare, once

RECORD = "aws:route53/record:Record"


@once
def _certificate() -> Graph:
    args = CertificateArgs(domain="dev.example.com", zone_id="Z1", names=["*.dev.example.com"])
    return declare(lambda: Certificate("certificate", args, opts=child_options()))


@once
def _host(*, ipv6: bool = False) -> Graph:
    args = HostArgs(
        host="alice.dev.example.com",
        zone_id="Z1",
        load_balancer_dns_name="lb.elb.amazonaws.com",
        load_balancer_zone_id="Z2",
        ipv6=ipv6,
    )
    return declare(lambda: Host("alice", args, opts=child_options()))


def test_certificate_covers_the_domain_and_all_multidev_hosts() -> None:
    """With the wildcard, the first copy needs no new certificate."""
    assert _certificate().one("aws:acm/certificate:Certificate", "certificate").inputs == {
        "domainName": "dev.example.com",
        "subjectAlternativeNames": ["*.dev.example.com"],
        "validationMethod": "DNS",
    }


def test_domain_and_wildcard_share_one_validation_record() -> None:
    """ACM requires the same record for both, and Route 53 rejects duplicates."""
    record = _certificate().one(RECORD)

    assert record.name == "certificate-record"
    assert record.inputs == {
        "zoneId": "Z1",
        "name": "_proof.example.com.",
        "type": "CNAME",
        "records": ["_value.acm-validations.aws."],
        "ttl": 300,
        "allowOverwrite": True,
    }


def test_certificate_arn_is_available_when_the_certificate_is_issued() -> None:
    """Listeners reject a pending certificate."""

    def program() -> None:
        args = CertificateArgs(domain="dev.example.com", zone_id="Z1", names=["*.dev.example.com"])
        certificate = Certificate("certificate", args, opts=child_options())
        aws.ssm.Parameter("user", type="String", value=certificate.arn)

    graph = declare(program)
    validation = graph.one("aws:acm/certificateValidation:CertificateValidation", "certificate")

    assert validation.inputs["validationRecordFqdns"] == ["certificate-record.fqdn"]
    assert validation.urn in graph.one("aws:ssm/parameter:Parameter").dependencies


def test_host_is_an_alias_of_the_load_balancer() -> None:
    record = _host().one(RECORD)

    assert record.name == "alice-ipv4"
    assert record.inputs == {
        "zoneId": "Z1",
        "name": "alice.dev.example.com",
        "type": "A",
        "aliases": [{"name": "lb.elb.amazonaws.com", "zoneId": "Z2", "evaluateTargetHealth": True}],
    }


def test_host_has_an_aaaa_record_with_ipv6() -> None:
    assert {record.name: record.inputs["type"] for record in _host(ipv6=True).all(RECORD)} == {
        "alice-ipv4": "A",
        "alice-ipv6": "AAAA",
    }


def test_validation_record_of_each_name_is_in_its_zone() -> None:
    args = CertificateArgs(
        domain="dev.example.com",
        zone_id="Z1",
        names=["*.dev.example.com", "example.com", "*.shop.example.org"],
        zone_ids={"shop.example.org": "Z2"},
    )
    graph = declare(lambda: Certificate("certificate", args, opts=child_options()))
    records = {record.name: (record.inputs["zoneId"], record.inputs["name"]) for record in graph.all(RECORD)}

    assert graph.one("aws:acm/certificate:Certificate").inputs["subjectAlternativeNames"] == args.names
    assert records == {
        "certificate-record": ("Z1", "_proof.example.com."),
        "certificate-record-example-com": ("Z1", "_other.example.com."),
        "certificate-record-shop-example-org": ("Z2", "_other.shop.example.org."),
    }
    assert graph.one("aws:acm/certificateValidation:CertificateValidation").inputs[
        "validationRecordFqdns"
    ] == [
        "certificate-record.fqdn",
        "certificate-record-example-com.fqdn",
        "certificate-record-shop-example-org.fqdn",
    ]
