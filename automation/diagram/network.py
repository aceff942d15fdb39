"""The network of a picture: VPC, availability zones, subnets, and the ways out of them."""

from __future__ import annotations

from automation.cost.resources import Resource
from automation.diagram.builder import Builder, string

_LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def add_network(builder: Builder) -> None:
    """Add the network of a stack, or what is known of an existing one."""
    _add_vpc(builder)
    for subnet in sorted(builder.all("ec2/subnet:Subnet"), key=lambda item: string(item, "availabilityZone")):
        id_ = builder.subnet_ids[string(subnet, "id")]
        kind = str(subnet.block("tags").get("SubnetType", "Public"))
        _add_subnet(builder, id_, string(subnet, "availabilityZone"), kind, string(subnet, "cidrBlock"))
        builder.assign(id_, subnet)
    for resource in builder.stack.resources:
        _add_existing_subnets(builder, resource)
    for gateway in builder.all("ec2/natGateway:NatGateway"):
        subnets = builder.subnets([gateway.properties.get("subnetId")])
        builder.add("nat", "nat", "NAT gateway", within="vpc", subnets=subnets, resources=[gateway])
    for endpoint in builder.all("ec2/vpcEndpoint:VpcEndpoint"):
        kind = string(endpoint, "vpcEndpointType")
        builder.add(
            f"{kind.lower()} endpoints",
            "endpoints",
            f"{kind} endpoint{'s' if kind == 'Interface' else ''}",
            # com.amazonaws.REGION.SERVICE
            [string(endpoint, "serviceName").split(".", 3)[-1]],
            within="vpc",
            subnets=builder.subnets(endpoint.strings("subnetIds")),
            resources=[endpoint],
        )


def _add_vpc(builder: Builder) -> None:
    vpcs = builder.all("ec2/vpc:Vpc")
    existing = {string(item, "vpcId") for item in builder.all("ec2/securityGroup:SecurityGroup")} - {""}
    lines = [string(vpc, "cidrBlock") for vpc in vpcs] or sorted(existing)
    gateways = builder.all("ec2/internetGateway:InternetGateway")
    builder.add("vpc", "vpc", "VPC", lines, external=not vpcs, resources=[*vpcs, *gateways])


def _add_subnet(
    builder: Builder, id_: str, zone: str, kind: str, cidr: str = "", *, external: bool = False
) -> None:
    within = builder.add(f"zone {zone}", "zone", zone, within="vpc", external=external)
    lines = [cidr] if cidr else []
    builder.add(id_, f"{kind.lower()} subnet", f"{kind} subnet", lines, within=within, external=external)


def _add_existing_subnets(builder: Builder, resource: Resource) -> None:
    """Add the existing subnets that a resource uses; their zones are unknown."""
    network = resource.block("networkConfiguration")
    public = bool(network.get("assignPublicIp")) or resource.type == _LOAD_BALANCER
    ids: list[str] = [*(network.get("subnets") or ()), *resource.strings("subnets")]
    for id_ in (*ids, *resource.strings("vpcZoneIdentifiers")):
        if id_ not in builder.subnet_ids and id_.startswith("subnet-"):
            _add_subnet(builder, f"subnet {id_}", id_, "Public" if public else "Private", external=True)
