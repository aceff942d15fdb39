"""Controls of the network, instances and Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from policies.control import control, has_fewer_than_two
from policies.resources import GROUP, SERVICE, SUBNET, Declaration, Resource

VPC: Final = "aws:ec2/vpc:Vpc"
VPC_COMPONENT: Final = "awsx:ec2:Vpc"
FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
DEFAULT_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
INGRESS: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
RULE: Final = "aws:ec2/securityGroupRule:SecurityGroupRule"
NETWORK_ACL: Final = "aws:ec2/networkAcl:NetworkAcl"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
_ANYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})
_PROTOCOLS: Final = {"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}
"""Names of protocols, by number."""
_WITHOUT_PORTS: Final = ("icmp", "icmpv6")
"""Protocols with types instead of ports."""
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18
_PUBLIC_PORTS: Final = frozenset({("tcp", 80), ("tcp", 443)})
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
_HIGH_RISK_PORTS: Final = (
    *(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601),
    *(8080, 8088, 8888, 9200, 9300),
)
_ADMIN_PORTS: Final = (22, 3389)


@dataclass(frozen=True, kw_only=True)
class _OpenRule:
    """An ingress rule that is open to the internet."""

    cidr: str
    protocol: str
    """tcp, udp, or -1 for all protocols and ports."""
    first: int
    """First port."""
    last: int
    """Last port."""
    action: str | None
    """Action of a network ACL's rule."""


def _open_rules(resource: Resource) -> Iterator[_OpenRule]:
    """Yield the ingress rules of a resource that are open to the internet; it may be a rule itself."""
    if resource.type == RULE and resource.get("type") != "ingress":
        return
    for rule in [resource] if resource.type in (INGRESS, RULE) else resource.items("ingress"):
        cidrs: list[Any] = [
            *(rule.get(key) for key in ("cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock")),
            *(rule.get("cidrBlocks") or ()),
            *(rule.get("ipv6CidrBlocks") or ()),
        ]
        cidr = next((cidr for cidr in cidrs if cidr in _ANYWHERE), None)
        protocol = str(rule.get("ipProtocol") or rule.get("protocol")).lower()
        protocol = _PROTOCOLS.get(protocol, protocol)
        if cidr is None or protocol in _WITHOUT_PORTS:
            continue
        first, last = rule.get("fromPort"), rule.get("toPort")
        if protocol == "-1":
            first, last = 0, None
        yield _OpenRule(
            cidr=cidr,
            protocol=protocol,
            first=int(first or 0),
            last=int(65535 if last is None else last),
            action=rule.get("action"),
        )


def _has_own(vpc: Resource, declaration: Declaration, type_: str) -> bool:
    """Whether a VPC has a resource of a type."""
    # Once a stack is up, the VPC inside awsx's component is a resource too, and is checked itself.
    if vpc.type == VPC_COMPONENT:
        return any(declaration.all(VPC, type_))
    return bool(declaration.related(vpc, "vpcId", type_))


@control("EC2.2", DEFAULT_GROUP, VPC, VPC_COMPONENT, fix="an aws.ec2.DefaultSecurityGroup without rules")
def default_group(resource: Resource, declaration: Declaration) -> Iterator[str]:
    """Default security groups have no rules."""
    if resource.type != DEFAULT_GROUP:
        if not _has_own(resource, declaration, DEFAULT_GROUP):
            yield "has a default security group with AWS's rules"
    elif resource.get("ingress") or resource.get("egress"):
        yield "has rules"


@control(
    "EC2.3",
    TEMPLATE,
    SERVICE,
    fix="ebs.encrypted true; volumes of tasks: `volumes.<name>.ebs`, which encrypts",
)
def volume_encryption(resource: Resource, _: Declaration) -> Iterator[str]:
    """EBS volumes are encrypted."""
    volume = "volumeConfiguration.managedEbsVolume"
    if resource.get(volume) and resource.get(f"{volume}.encrypted") is not True:
        yield "has a task volume that is not encrypted"
    for device in resource.items("blockDeviceMappings"):
        if device.get("ebs") and str(device.get("ebs.encrypted")).lower() != "true":
            yield f"has a volume, {device.get('deviceName')}, that is not encrypted"


@control("EC2.6", VPC, VPC_COMPONENT, fix="flow-logs: bucket or log-group")
def flow_logs(vpc: Resource, declaration: Declaration) -> Iterator[str]:
    """VPCs have flow logs."""
    if not _has_own(vpc, declaration, FLOW_LOG):
        yield "has no flow logs"


@control("EC2.8", TEMPLATE, fix="metadataOptions.httpTokens required")
def instance_metadata(template: Resource, _: Declaration) -> Iterator[str]:
    """Instance metadata requires a token (IMDSv2)."""
    if template.get("metadataOptions.httpTokens") != "required":
        yield "allows instance metadata without a token (IMDSv1)"


@control("EC2.9", TEMPLATE, fix="nat: single or one-per-az")
def instance_addresses(template: Resource, _: Declaration) -> Iterator[str]:
    """Instances have no public addresses."""
    for interface in template.items("networkInterfaces"):
        if str(interface.get("associatePublicIpAddress")).lower() == "true":
            yield "assigns public addresses to instances"


@control(
    "EC2.15", SUBNET, fix="mapPublicIpOnLaunch false: a resource that needs a public address requests one"
)
def subnet_addresses(subnet: Resource, _: Declaration) -> Iterator[str]:
    """Subnets assign no public addresses."""
    if subnet.get("mapPublicIpOnLaunch"):
        yield "assigns public addresses"


@control(
    "EC2.18",
    INGRESS,
    RULE,
    SECURITY_GROUP,
    fix="allowed-cidrs and test-cidrs; a port that is meant to be public is an exception with a reason",
)
def public_ports(resource: Resource, _: Declaration) -> Iterator[str]:
    """Only TCP ports 80 and 443 are open to the internet."""
    for rule in _open_rules(resource):
        if rule.first != rule.last or (rule.protocol, rule.first) not in _PUBLIC_PORTS:
            udp = "UDP " if rule.protocol == "udp" else ""
            yield f"opens {udp}ports {rule.first} to {rule.last} to {rule.cidr}"


@control("EC2.19", INGRESS, RULE, SECURITY_GROUP, fix="allowed-cidrs, or another port")
def high_risk_ports(resource: Resource, _: Declaration) -> Iterator[str]:
    """High-risk ports are not open to the internet."""
    for rule in _open_rules(resource):
        ports = [str(port) for port in _HIGH_RISK_PORTS if rule.first <= port <= rule.last]
        if ports:
            yield f"opens {', '.join(ports[:3])}{' …' if len(ports) > len(ports[:3]) else ''} to {rule.cidr}"


@control("EC2.21", NETWORK_ACL, fix="narrower CIDR blocks")
def admin_ports(acl: Resource, _: Declaration) -> Iterator[str]:
    """Network ACLs do not open ports 22 and 3389 to the internet."""
    for rule in _open_rules(acl):
        if rule.action == "allow" and any(rule.first <= port <= rule.last for port in _ADMIN_PORTS):
            yield "opens port 22 or 3389 to the internet"


@control("AutoScaling.1", GROUP, fix="healthCheckType ELB")
def group_health_checks(group: Resource, _: Declaration) -> Iterator[str]:
    """Groups behind a load balancer use its health checks."""
    has_balancer = group.get("targetGroupArns") or group.get("loadBalancers")
    if has_balancer and group.get("healthCheckType") != "ELB":
        yield "is behind a load balancer and does not use its health checks"


@control("AutoScaling.2", GROUP, fix="availability-zones: 2 or more")
def group_zones(group: Resource, _: Declaration) -> Iterator[str]:
    """Groups are in two zones or more."""
    if has_fewer_than_two(group, "vpcZoneIdentifiers", "availabilityZones"):
        yield "is in one zone only"


@control("AutoScaling.6", GROUP, fix="capacity.<name>.instance-types: two or more")
def instance_types(group: Resource, _: Declaration) -> Iterator[str]:
    """Groups have several instance types."""
    if has_fewer_than_two(group, "mixedInstancesPolicy.launchTemplate.overrides"):
        yield "has one instance type only"


@control("AutoScaling.9", GROUP, fix="launchTemplate, or mixedInstancesPolicy")
def launch_template(group: Resource, _: Declaration) -> Iterator[str]:
    """Groups have a launch template."""
    if not (group.get("launchTemplate") or group.get("mixedInstancesPolicy.launchTemplate")):
        yield "has no launch template"
