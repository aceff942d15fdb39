"""Rules for the network."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings import EgressRule
from tests.unit.infra.settings_fixtures import SUBNETS, faults_of, refuses, settings_of

VPC = "vpc-0123456789abcdef0"
DATABASE = {"port": 5432, "cidr": "10.1.0.0/16", "description": "PostgreSQL"}


def test_an_existing_vpc_without_nat_needs_no_private_subnets() -> None:
    config = {"vpc-id": VPC, "public-subnet-ids": list(SUBNETS[:2]), "nat": "none"}

    assert settings_of(config).network.private_subnet_ids == ()


def test_egress_is_tcp_by_default() -> None:
    assert settings_of({"egress": [DATABASE, {**DATABASE, "protocol": "udp"}]}).network.egress == (
        EgressRule(port=5432, cidr="10.1.0.0/16", description="PostgreSQL", protocol="tcp"),
        EgressRule(port=5432, cidr="10.1.0.0/16", description="PostgreSQL", protocol="udp"),
    )


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"cidr": "10.0.0.0/23"}, "cidr … too small"),
        ({"cidr": "10.0.0.0/23"}, "cidr … a public and a private subnet in up to 4 zones"),
        ({"cidr": "10.0.0.0/15"}, "cidr … too large"),
        ({"cidr": "10.0.0.1/16"}, "cidr … without host bits: 10.0.0.0/16"),
        ({"cidr": "8.8.0.0/16"}, "cidr … a private IPv4 range from /16 to /22"),
        ({"cidr": "172.32.0.0/16"}, "cidr … 172.16.0.0/12"),
        ({"cidr": "fd00::/16"}, "cidr … a private IPv4 range"),
        ({"cidr": "10.0.0.0"}, "cidr … a private IPv4 range"),
        ({"cidr": "ten"}, "cidr … a private IPv4 range"),
        ({"cidr": ""}, "cidr … a private IPv4 range"),
        ({"nat": "two"}, "nat … one of none, single, one-per-az"),
        ({"vpc-id": "vpc-1", "nat": "none"}, "vpc-id … such as vpc-0123456789abcdef0"),
        (
            {"vpc-id": VPC, "nat": "none", "public-subnet-ids": [SUBNETS[0]]},
            f"public-subnet-ids … at least 2 of {VPC}",
        ),
        (
            {"vpc-id": VPC, "public-subnet-ids": list(SUBNETS[:2])},
            "private-subnet-ids = []: … or `nat: none`",
        ),
        ({"public-subnet-ids": [SUBNETS[0]]}, "public-subnet-ids … together with `vpc-id`"),
        ({"private-subnet-ids": [SUBNETS[0]]}, "private-subnet-ids … together with `vpc-id`"),
        (
            {"vpc-id": VPC, "nat": "none", "public-subnet-ids": [*SUBNETS[:2], SUBNETS[0]]},
            "public-subnet-ids[2] … each once; it is number 1 already",
        ),
        (
            {"vpc-id": VPC, "nat": "none", "public-subnet-ids": [*SUBNETS[:2], "subnet-x"]},
            "public-subnet-ids[2] … the id of a subnet",
        ),
        (
            {"vpc-id": VPC, "public-subnet-ids": list(SUBNETS[:2]), "private-subnet-ids": list(SUBNETS[1:3])},
            "private-subnet-ids[0] … public or private",
        ),
        (
            {"vpc-id": VPC, "nat": "none", "public-subnet-ids": list(SUBNETS[:17])},
            'public-subnet-ids = "17 items": … at most 16',
        ),
        ({"egress": [{**DATABASE, "cidr": "10.1.2.3/16"}]}, "egress[0].cidr … 10.1.0.0/16"),
        ({"egress": [{**DATABASE, "cidr": "all"}]}, "egress[0].cidr … an IPv4 range"),
        ({"egress": [{**DATABASE, "protocol": "icmp"}]}, "egress[0].protocol … one of tcp, udp"),
        ({"egress": [{**DATABASE, "description": "é"}]}, "egress[0].description … 1 to 255 letters"),
        ({"egress": [DATABASE, DATABASE]}, "egress[1].port … 10.1.0.0/16 is there already"),
        (
            {"egress": [{"port": 443, "cidr": "0.0.0.0/0", "description": "web"}]},
            "egress[0].port … tcp 443 everywhere anyway",
        ),
        ({"egress": [{**DATABASE, "port": n} for n in range(1, 52)]}, 'egress = "51 items": … at most 50'),
    ],
)
def test_invalid_networks_are_refused(config: dict[str, Any], message: str) -> None:
    refuses(config, message)


def test_an_existing_vpc_needs_both_kinds_of_subnets() -> None:
    assert [fault.split(" = ")[0] for fault in faults_of({"vpc-id": VPC})] == [
        "public-subnet-ids",
        "private-subnet-ids",
    ]


def test_rules_and_subnets_up_to_aws_limits_are_accepted() -> None:
    network = settings_of(
        {
            "vpc-id": VPC,
            "nat": "none",
            "public-subnet-ids": list(SUBNETS[:16]),
            "egress": [{**DATABASE, "port": port} for port in range(1, 51)],
        }
    ).network

    assert len(network.public_subnet_ids) == 16
    assert len(network.egress) == 50
