"""The network of a picture: VPC, zones, subnets, and the ways out of them."""

from __future__ import annotations

from automation.cost.resources import Resource
from automation.diagram.draft import Draft, text
from automation.diagram.model import Node

_LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"


def read(draft: Draft) -> None:
    """Add the network of a stack, or what is known of the one that it uses."""
    _vpc(draft)
    for subnet in sorted(draft.all("ec2/subnet:Subnet"), key=lambda one: text(one, "availabilityZone")):
        zone, kind = text(subnet, "availabilityZone"), str(subnet.block("tags").get("SubnetType", "Public"))
        _subnet(draft, draft.subnet_ids[text(subnet, "id")], zone, kind, text(subnet, "cidrBlock"))
        draft.is_of(draft.subnet_ids[text(subnet, "id")], subnet)
    for resource in draft.stack.resources:
        _existing_subnets(draft, resource)
    for gateway in draft.all("ec2/natGateway:NatGateway"):
        places = draft.placed([gateway.properties.get("subnetId")])
        draft.add(Node(id="nat", kind="nat", name="NAT gateway", within="vpc", subnets=places), gateway)
    for endpoint in draft.all("ec2/vpcEndpoint:VpcEndpoint"):
        kind = text(endpoint, "vpcEndpointType")
        # com.amazonaws.REGION.SERVICE
        service = text(endpoint, "serviceName").split(".", 3)[-1]
        draft.add(
            Node(
                id=f"{kind.lower()} endpoints",
                kind="endpoints",
                name=f"{kind} endpoint{'s' if kind == 'Interface' else ''}",
                lines=(service,),
                within="vpc",
                subnets=draft.placed(endpoint.strings("subnetIds")),
            ),
            endpoint,
        )


def _vpc(draft: Draft) -> None:
    vpcs = draft.all("ec2/vpc:Vpc")
    known = {text(one, "vpcId") for one in draft.all("ec2/securityGroup:SecurityGroup")} - {""}
    lines = [text(vpc, "cidrBlock") for vpc in vpcs] or sorted(known)
    gateways = draft.all("ec2/internetGateway:InternetGateway")
    draft.add(Node(id="vpc", kind="vpc", name="VPC", lines=tuple(lines), exists=not vpcs), *vpcs, *gateways)


def _subnet(draft: Draft, id_: str, zone: str, kind: str, cidr: str = "", *, exists: bool = False) -> None:
    draft.add(Node(id=f"zone {zone}", kind="zone", name=zone, within="vpc", exists=exists))
    draft.add(
        Node(
            id=id_,
            kind=f"{kind.lower()} subnet",
            name=f"{kind} subnet",
            lines=(cidr,) if cidr else (),
            within=f"zone {zone}",
            exists=exists,
        )
    )


def _existing_subnets(draft: Draft, resource: Resource) -> None:
    """Add the subnets of others in which something of the stack is; which zones they are in is not known."""
    network = resource.block("networkConfiguration")
    public = bool(network.get("assignPublicIp")) or resource.type == _LOAD_BALANCER
    named: list[str] = [*(network.get("subnets") or ()), *resource.strings("subnets")]
    named += resource.strings("vpcZoneIdentifiers")
    for id_ in named:
        if id_ not in draft.subnet_ids and id_.startswith("subnet-"):
            _subnet(draft, f"subnet {id_}", id_, "Public" if public else "Private", exists=True)
