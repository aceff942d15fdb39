"""The network: a new or an existing one."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field

from infra.settings.model import ONCE, Allowed, Fault, FaultsError, Model, Pattern, repeated
from infra.settings.names import HostName

Nat = Literal["none", "single", "one-per-az"]

# RFC 1918 and RFC 6598: in any other range the VPC would hide a part of the internet from its tasks.
_PRIVATE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
# AWS allows /28, but four zones with a public and a private subnet each need room to grow.
_VPC_SIZES: Final = range(16, 23)
_VPC_FORM: Final = (
    f"a private IPv4 range from /{_VPC_SIZES[0]} to /{_VPC_SIZES[-1]} "
    f"({', '.join(_PRIVATE[:-1])} or {_PRIVATE[-1]})"
)
# A security group has 60 rules for each direction, and the program's own are among them.
MOST_RULES: Final = 50


def ipv4_network(text: str) -> str:
    """Return an IPv4 range that is written as a network's own address."""
    network = IPv4Network(text, strict=False)
    if "/" not in text:
        raise ValueError(text)
    if str(network) != text:
        raise FaultsError(Fault(f"a network's own address, without host bits: {network}"))
    return text


def _any_network(text: str) -> str:
    if ":" not in text:
        return ipv4_network(text)
    network = ip_network(text, strict=False)
    if "/" not in text or str(network) != text:
        raise FaultsError(Fault(f"a network's own address, without host bits: {network}"))
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


def _room_for_zones(text: str) -> str:
    network = IPv4Network(text)
    if network.prefixlen not in _VPC_SIZES:
        size = "too small" if network.prefixlen > _VPC_SIZES[-1] else "too large"
        raise FaultsError(
            Fault(f"{size}; it must hold a public and a private subnet in up to 4 zones: {_VPC_FORM}")
        )
    if not any(network.subnet_of(IPv4Network(block)) for block in _PRIVATE):
        raise ValueError(text)
    return text


_Subnets = Annotated[
    tuple[
        Annotated[
            str,
            Pattern(
                "the id of a subnet, such as subnet-0123456789abcdef0", r"subnet-[0-9a-f]{8}(?:[0-9a-f]{9})?"
            ),
        ],
        ...,
    ],
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_AwsVpcConfiguration.html
    Field(max_length=16),
    ONCE,
]


class EgressRule(Model):
    """One thing that tasks may reach beside port 443."""

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
    """The network to make, or the one to use."""

    vpc_id: (
        Annotated[
            str,
            Pattern("the id of a VPC, such as vpc-0123456789abcdef0", r"vpc-[0-9a-f]{8}(?:[0-9a-f]{9})?"),
        ]
        | None
    ) = None
    """Existing VPC to use; empty creates one."""
    public_subnet_ids: _Subnets = ()
    """Public subnets of `vpc-id`, in two zones or more."""
    private_subnet_ids: _Subnets = ()
    """Private subnets of `vpc-id` for the tasks; not needed with `nat` none."""
    cidr: Annotated[
        str, AfterValidator(ipv4_network), AfterValidator(_room_for_zones), Allowed(_VPC_FORM)
    ] = "10.0.0.0/16"
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

    interface_endpoints: Annotated[
        tuple[
            Annotated[
                str,
                Pattern(
                    "the end of a service's name, such as ecr.api, ecr.dkr, logs, secretsmanager, ssm or "
                    "ssmmessages; S3 has an endpoint always, one that costs nothing",
                    r"(?!(?:s3|dynamodb)$)[a-z0-9-]+(?:\.[a-z0-9-]+)*",
                ),
            ],
            ...,
        ],
        Field(max_length=MOST_RULES),
        ONCE,
    ] = ()
    """AWS services that tasks reach through interface endpoints in the stack's own VPC, without the internet;
    each costs by hour and zone."""

    def _rules(self) -> Iterator[Fault]:
        if self.vpc_id is not None and self.interface_endpoints:
            theirs = "none, for the VPC of `vpc-id` is there and has the endpoints that it has"
            yield Fault(theirs, ("interface-endpoints",), self.interface_endpoints)
        yield from self._rules_of_subnets()
        targets = [(rule.protocol, rule.port, rule.cidr) for rule in self.egress]
        for fault in repeated(targets, "port"):
            protocol, port, cidr = targets[int(fault.path[0])]
            once = f"each {protocol} port and cidr once; {cidr} is there already"
            yield Fault(once, ("egress", *fault.path), port)
        for index, target in enumerate(targets):
            if target == ("tcp", 443, "0.0.0.0/0"):
                anyway = "another port: the tasks reach tcp 443 everywhere anyway"
                yield Fault(anyway, ("egress", index, "port"), 443)

    def _rules_of_subnets(self) -> Iterator[Fault]:
        public, private = self.public_subnet_ids, self.private_subnet_ids
        if self.vpc_id is None:
            alone = "of use only together with `vpc-id`; without it the program makes subnets"
            for key, ids in (("public-subnet-ids", public), ("private-subnet-ids", private)):
                if ids:
                    yield Fault(alone, (key,), ids)
            return
        for index, subnet in enumerate(private):
            if subnet in public:
                both = "a subnet is public or private; it is in `public-subnet-ids` too"
                yield Fault(both, ("private-subnet-ids", index), subnet)
