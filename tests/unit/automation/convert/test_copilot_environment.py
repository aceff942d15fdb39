"""Every field of an environment's manifest: it is converted to its keys, or reported."""

from __future__ import annotations

from typing import Any

import pytest

from automation.convert.copilot_environment import stack_keys
from automation.convert.copilot_fields import ENVIRONMENT
from automation.convert.report import Report

OFF = {"container-insights": "disabled"}
VPC = {"id": "vpc-1", "subnets": {"public": [{"id": "subnet-1"}], "private": [{"id": "subnet-2"}]}}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/1"

CONVERTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "name": ({"name": "test"}, {}),
    "type": ({"type": "Environment"}, {}),
    "network.vpc.id": ({"network": {"vpc": VPC}}, {"vpc-id": "vpc-1"}),
    "network.vpc.subnets.public": ({"network": {"vpc": VPC}}, {"public-subnet-ids": ["subnet-1"]}),
    "network.vpc.subnets.private": ({"network": {"vpc": VPC}}, {"private-subnet-ids": ["subnet-2"]}),
    "network.vpc.cidr": (
        {"network": {"vpc": {"cidr": "10.1.0.0/16", "subnets": {"public": [{"az": "a"}] * 3}}}},
        {"cidr": "10.1.0.0/16", "availability-zones": 3},
    ),
    "network.vpc.security_group.egress": (
        {
            "network": {
                "vpc": {
                    "security_group": {
                        "egress": [{"ip_protocol": "udp", "ports": "53", "cidr": "10.0.0.0/8"}]
                    }
                }
            }
        },
        {"egress": [{"port": 53, "cidr": "10.0.0.0/8", "description": "port 53", "protocol": "udp"}]},
    ),
    "network.vpc.flow_logs": ({"network": {"vpc": {"flow_logs": "true"}}}, {"flow-logs": "log-group"}),
    "http.public.certificates": (
        {"http": {"public": {"certificates": [CERTIFICATE]}}},
        {"certificate-arn": CERTIFICATE},
    ),
    "http.public.ingress.source_ips": (
        {"http": {"public": {"ingress": {"source_ips": ["192.0.2.0/24"]}}}},
        {"allowed-cidrs": ["192.0.2.0/24"]},
    ),
    "http.public.access_logs": (
        {"http": {"public": {"access_logs": {"bucket_name": "b"}}}},
        {"log-bucket": "b"},
    ),
    "http.public.access_logs.bucket_name": (
        {"http": {"public": {"access_logs": {"bucket_name": "b", "prefix": "p"}}}},
        {"log-bucket": "b"},
    ),
    "http.public.ssl_policy": ({"http": {"public": {"ssl_policy": "p"}}}, {"tls-policy": "p"}),
    "http.private.certificates": (
        {"http": {"private": {"certificates": [CERTIFICATE]}}},
        {"certificate-arn": CERTIFICATE},
    ),
    "http.private.ingress.vpc": ({"http": {"private": {"ingress": {"vpc": "true"}}}}, {}),
    "http.private.ssl_policy": ({"http": {"private": {"ssl_policy": "p"}}}, {"tls-policy": "p"}),
    "observability.container_insights": (
        {"observability": {"container_insights": "yes"}},
        {"container-insights": "enabled"},
    ),
}


def test_every_field_with_keys_has_an_example() -> None:
    assert sorted(CONVERTED) == sorted(field.name for field in ENVIRONMENT if field.keys)


@pytest.mark.parametrize("name", CONVERTED)
def test_a_field_is_converted_to_its_keys(name: str) -> None:
    values, expected = CONVERTED[name]
    report = Report()
    keys = stack_keys(values, "test", report)

    assert {**OFF, **expected}.items() <= keys.items()
    assert [note for note in report.notes if note.kind == "missing"] == []


@pytest.mark.parametrize("name", [field.name for field in ENVIRONMENT if not field.keys])
def test_a_field_without_keys_is_reported(name: str) -> None:
    value: Any = "text"
    for part in reversed(name.split(".")):
        value = {part: value}
    report = Report()

    assert stack_keys(value, "test", report) == OFF
    assert [note.field for note in report.notes if note.kind == "missing"] == [name]


def test_a_disabled_distribution_is_not_reported() -> None:
    report = Report()
    stack_keys({"cdn": "false"}, "test", report)

    assert report.notes == []
