"""The network: a new or an existing one."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.faults import Fault, FaultsError
from infra.settings.model import ONCE, Allowed, Model, Pattern, resource_id
from infra.settings.names import HostName

Nat = Literal["none", "single", "one-per-az"]

# RFC 1918 and RFC 6598: a VPC with any other range would hide a part of the internet from its tasks.
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
# AWS allows /28, but four zones with a public and a private subnet each need room to grow.
_VPC_SIZES: Final = range(16, 23)
_VPC_FORM: Final = (
    f"a private IPv4 range from /{_VPC_SIZES[0]} to /{_VPC_SIZES[-1]} "
    f"({', '.join(_PRIVATE[:-1])} or {_PRIVATE[-1]})"
)
# A security group has 60 rules for each direction, including the program's own.
MOST_RULES: Final = 50


def ipv4_network(text: str) -> str:
    """Return an IPv4 range in CIDR form.

    Raises:
        ValueError: it is not one; a `FaultsError` if only its host bits are wrong.
    """
    IPv4Network(text, strict=False)
    if "/" not in text:
        raise ValueError(text)
    return _any_network(text)


def _any_network(text: str) -> str:
    network = ip_network(text, strict=False)
    if "/" not in text or str(network) != text:
        raise FaultsError(Fault((), f"a network's own address, without host bits: {network}"))
    return text


Clients = Annotated[
    tuple[
        Annotated[
            str,
            AfterValidator(_any_network),
            Allowed("an IPv4 or IPv6 range such as 203.0.113.0/24 or 2001:db8::/32"),
        ],
        ...,
    ],
    ONCE,
]


def _check_vpc(text: str) -> str:
    network = IPv4Network(text)
    if network.prefixlen not in _VPC_SIZES:
        size = "too small" if network.prefixlen > _VPC_SIZES[-1] else "too large"
        room = "it must hold a public and a private subnet in up to 4 zones"
        raise FaultsError(Fault((), f"{size}; {room}: {_VPC_FORM}"))
    if not any(network.subnet_of(IPv4Network(block)) for block in _PRIVATE):
        raise ValueError(text)
    return text


_Subnets = Annotated[
    tuple[Annotated[str, resource_id("a subnet", "subnet")], ...],
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
    Field(max_length=16),
    ONCE,
]


_EndpointService = Annotated[
    str,
    Pattern(
        "the end of a service's name, such as ecr.api, ecr.dkr, logs, secretsmanager, ssm or ssmmessages, or "
        "the entire name, such as cn.com.amazonaws.cn-north-1.ecr.api; S3 has an endpoint always, one that "
        "costs nothing",
        r"(?!(?:s3|dynamodb)$)[a-z0-9-]+(?:\.[a-z0-9-]+)*",
    ),
]


class EgressRule(Model):
    """A destination that tasks may reach in addition to port 443."""

    port: int = Field(ge=1, le=65535)
    """Port of the destination."""
    cidr: Annotated[str, AfterValidator(ipv4_network), Allowed("an IPv4 range such as 10.0.0.0/16")]
    """Address range of the destination."""
    description: Annotated[
        str,
        # https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
        Pattern(
            "1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*",
            r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
        ),
    ]
    """Description of the rule."""
    protocol: Literal["tcp", "udp"] = "tcp"
    """Protocol."""


class NetworkSettings(Model):
    """The network to create, or the one to use."""

    vpc_id: Annotated[str, resource_id("a VPC", "vpc")] | None = None
    """Existing VPC to use; empty creates one."""
    public_subnet_ids: _Subnets = ()
    """Public subnets of `vpc-id`, in two zones or more."""
    private_subnet_ids: _Subnets = ()
    """Private subnets of `vpc-id` for the tasks; not needed with `nat` none."""
    cidr: Annotated[str, AfterValidator(ipv4_network), AfterValidator(_check_vpc), Allowed(_VPC_FORM)] = (
        "10.0.0.0/16"
    )
    """Private IPv4 range of the VPC."""
    availability_zones: int = Field(default=2, ge=2, le=4)
    """Number of Availability Zones."""
    nat: Nat = "single"
    """NAT gateways; with `none` the tasks have public addresses."""
    ipv6: bool = False
    """Make the load balancer dual-stack, with AAAA records."""
    egress: Annotated[tuple[EgressRule, ...], Field(max_length=MOST_RULES)] = ()
    """Destinations that tasks may reach besides port 443."""
    discovery_domain: HostName | None = None
    """Private DNS zone for the names of services with `discovery`; empty for <stack>.<project>.internal."""

    interface_endpoints: Annotated[tuple[_EndpointService, ...], Field(max_length=MOST_RULES), ONCE] = ()
    """AWS services that tasks reach through interface endpoints in the stack's own VPC, without the internet;
    each costs by hour and zone."""

    def _rules(self) -> Iterator[Fault]:
        if self.vpc_id is None:
            alone = "only valid together with `vpc-id`; without it the program creates subnets"
            yield from self.refuse(alone, "public-subnet-ids", "private-subnet-ids")
        else:
            existing = "none: the endpoints of the existing VPC of `vpc-id` are its owner's"
            yield from self.refuse(existing, "interface-endpoints")
            for index, subnet in enumerate(self.private_subnet_ids):
                if subnet in self.public_subnet_ids:
                    both = "a subnet is public or private; it is in `public-subnet-ids` too"
                    yield Fault(("private-subnet-ids", index), both)
        targets = [(rule.protocol, rule.port, rule.cidr) for rule in self.egress]
        for index, target in enumerate(targets):
            protocol, port, cidr = target
            if target in targets[:index]:
                once = f"each {protocol} port and cidr once; {cidr} is there already"
                yield Fault(("egress", index, "port"), once)
            if target == ("tcp", 443, "0.0.0.0/0"):
                anyway = f"another port: the tasks reach {protocol} {port} everywhere anyway"
                yield Fault(("egress", index, "port"), anyway)
