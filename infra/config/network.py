"""Rules for the network."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING, Final, Literal

from infra.settings import EgressRule, ExistingVpc, Nat, NetworkSettings

if TYPE_CHECKING:
    from infra.config.record import Record

_NATS: Final[tuple[Nat, ...]] = ("none", "single", "one-per-az")
_PROTOCOLS: Final[tuple[Literal["tcp", "udp"], ...]] = ("tcp", "udp")
_VPC_ID: Final = re.compile(r"vpc-[0-9a-f]{8}(?:[0-9a-f]{9})?")
_SUBNET_ID: Final = re.compile(r"subnet-[0-9a-f]{8}(?:[0-9a-f]{9})?")

# RFC 1918 and RFC 6598: in any other range the VPC would hide a part of the internet from its tasks.
_PRIVATE: Final = tuple(
    IPv4Network(block) for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
# AWS allows /28, but four zones with a public and a private subnet each need room to grow.
_LARGEST_VPC: Final = 16
_SMALLEST_VPC: Final = 22
_VPC_FORM: Final = (
    f"a private IPv4 range from /{_LARGEST_VPC} to /{_SMALLEST_VPC} "
    "(10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10)"
)

_FEWEST_PUBLIC_SUBNETS: Final = 2
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
_MOST_SUBNETS: Final = 16
# A security group has 60 rules for each direction, and the program's own are among them.
_MOST_EGRESS_RULES: Final = 50
_EGRESS_FIELDS: Final = ("port", "cidr", "description", "protocol")
_HTTPS: Final = 443
_EVERYWHERE: Final = "0.0.0.0/0"
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
_DESCRIPTION: Final = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


def read_network(config: Record) -> NetworkSettings:
    """Read the network to make, or the one to use."""
    nat: Nat = config.choice("nat", _NATS)
    return NetworkSettings(
        existing=_read_existing(config, nat),
        cidr=_read_cidr(config),
        availability_zones=config.whole("availability-zones", 2, 4),
        nat=nat,
        ipv6=config.flag("ipv6"),
        egress=_read_egress(config),
    )


def _read_cidr(config: Record) -> str:
    text = config.text("cidr", allowed=_VPC_FORM)
    if config.faults.found_at("cidr"):
        return text
    network = _network(config, "cidr", text, _VPC_FORM)
    if network is not None:
        if not _LARGEST_VPC <= network.prefixlen <= _SMALLEST_VPC:
            size = "too small" if network.prefixlen > _SMALLEST_VPC else "too large"
            config.faults.add(
                "cidr",
                text,
                f"{size}; it must hold a public and a private subnet in up to 4 zones: {_VPC_FORM}",
            )
        elif not any(network.subnet_of(block) for block in _PRIVATE):
            config.faults.add("cidr", text, _VPC_FORM)
    return text


def _network(config: Record, key: str, text: str, allowed: str) -> IPv4Network | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        network = None
    if not isinstance(network, IPv4Network) or "/" not in text:
        config.faults.add(key, text, allowed)
        return None
    if str(network) != text:
        config.faults.add(key, text, f"a network's own address, without host bits: {network}")
        return None
    return network


def _read_existing(config: Record, nat: Nat) -> ExistingVpc | None:
    faults = config.faults
    vpc_id = config.optional_text(
        "vpc-id", allowed="the id of a VPC, such as vpc-0123456789abcdef0", pattern=_VPC_ID
    )
    subnets = {
        name: config.texts(
            name,
            allowed="the id of a subnet, such as subnet-0123456789abcdef0",
            pattern=_SUBNET_ID,
            unique=True,
        )
        for name in ("public-subnet-ids", "private-subnet-ids")
    }
    for name, ids in subnets.items():
        if ids and vpc_id is None and not faults.found_at("vpc-id"):
            faults.add(name, ids, "of use only together with `vpc-id`; without it the program makes subnets")
        if len(ids) > _MOST_SUBNETS:
            faults.add(name, f"{len(ids)} subnets", f"at most {_MOST_SUBNETS}, as an ECS service takes")
    public, private = subnets.values()
    for subnet in sorted({*public} & {*private}):
        faults.add(
            "private-subnet-ids", subnet, "a subnet is public or private; it is in `public-subnet-ids` too"
        )
    if vpc_id is None:
        return None
    if len(public) < _FEWEST_PUBLIC_SUBNETS and not faults.found_at("public-subnet-ids"):
        faults.add(
            "public-subnet-ids",
            public,
            f"at least {_FEWEST_PUBLIC_SUBNETS} of {vpc_id}, in different zones, for the load balancer",
        )
    if not private and nat != "none" and not faults.found_at("nat", "private-subnet-ids"):
        faults.add(
            "private-subnet-ids",
            private,
            f"at least 1 of {vpc_id} for the tasks; or `nat: none`, which puts them into the public subnets",
        )
    return ExistingVpc(vpc_id=vpc_id, public_subnet_ids=public, private_subnet_ids=private)


def _read_egress(config: Record) -> tuple[EgressRule, ...]:
    rules: dict[tuple[str, int, str], EgressRule] = {}
    entries = config.records("egress", _EGRESS_FIELDS)
    if len(entries) > _MOST_EGRESS_RULES:
        config.faults.add(
            "egress",
            f"{len(entries)} rules",
            f"at most {_MOST_EGRESS_RULES}: a security group has 60 for each direction",
        )
    for entry in entries:
        port = entry.whole("port", 1, 65535)
        cidr = entry.text("cidr", allowed="an IPv4 range such as 10.0.0.0/16")
        if not entry.faults.found_at(entry.key("cidr")):
            _network(entry, entry.key("cidr"), cidr, "an IPv4 range such as 10.0.0.0/16")
        rule = EgressRule(
            port=port,
            cidr=cidr,
            description=entry.text(
                "description",
                allowed="why the tasks go there: 1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
                pattern=_DESCRIPTION,
            ),
            protocol=entry.choice("protocol", _PROTOCOLS) if entry.has("protocol") else "tcp",
        )
        target = (rule.protocol, rule.port, rule.cidr)
        if entry.faults.found_at(entry.key("port"), entry.key("cidr"), entry.key("protocol")):
            continue
        if target in rules:
            entry.faults.add(
                entry.key("port"), port, f"each {rule.protocol} port and cidr once; {cidr} is there already"
            )
        if target == ("tcp", _HTTPS, _EVERYWHERE):
            entry.faults.add(
                entry.key("port"), port, "another port: the tasks reach tcp 443 everywhere anyway"
            )
        rules[target] = rule
    return tuple(rules.values())
