"""Controls of the network, instances and Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.control import Control
from policies.resources import Declaration, Resource

VPC: Final = "aws:ec2/vpc:Vpc"
VPC_COMPONENT: Final = "awsx:ec2:Vpc"
FLOW_LOG: Final = "aws:ec2/flowLog:FlowLog"
DEFAULT_GROUP: Final = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
SECURITY_GROUP: Final = "aws:ec2/securityGroup:SecurityGroup"
INGRESS: Final = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
SUBNET: Final = "aws:ec2/subnet:Subnet"
NETWORK_ACL: Final = "aws:ec2/networkAcl:NetworkAcl"
TEMPLATE: Final = "aws:ec2/launchTemplate:LaunchTemplate"
SERVICE: Final = "aws:ecs/service:Service"
GROUP: Final = "aws:autoscaling/group:Group"
_WORLD: Final = frozenset({"0.0.0.0/0", "::/0"})
_OPEN_PORTS: Final = frozenset({80, 443})
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
_RISKY: Final = (
    *(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601),
    *(8080, 8088, 8888, 9200, 9300),
)
_ADMIN: Final = (22, 3389)
_FEWEST: Final = 2


def _world(rule: Resource) -> str | None:
    """Return the range of all addresses that a rule opens itself to, if it does."""
    for key in ("cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock"):
        if (cidr := rule.get(key)) in _WORLD:
            return str(cidr)
    ranges: list[Any] = [*(rule.get("cidrBlocks") or ()), *(rule.get("ipv6CidrBlocks") or ())]
    return next((str(one) for one in ranges if one in _WORLD), None)


def _ports(rule: Resource) -> tuple[int, int]:
    if str(rule.get("ipProtocol") or rule.get("protocol")) == "-1":
        return 0, 65535
    first, last = rule.get("fromPort"), rule.get("toPort")
    return int(first or 0), int(65535 if last is None else last)


def _rules(group: Resource) -> Iterator[Resource]:
    """Yield a rule that is a resource, or the rules inside a group."""
    if group.type == INGRESS:
        yield group
    else:
        yield from group.items("ingress")


def _open_ports(resource: Resource, _: Declaration) -> Iterator[str]:
    for rule in _rules(resource):
        first, last = _ports(rule)
        if (cidr := _world(rule)) and not (first == last and first in _OPEN_PORTS):
            yield f"opens ports {first} to {last} to {cidr}"


def _risky_ports(resource: Resource, _: Declaration) -> Iterator[str]:
    for rule in _rules(resource):
        first, last = _ports(rule)
        risky = [str(port) for port in _RISKY if first <= port <= last]
        if risky and (cidr := _world(rule)):
            yield f"opens {', '.join(risky[:3])}{' …' if len(risky) > len(risky[:3]) else ''} to {cidr}"


def _admin_ports(acl: Resource, _: Declaration) -> Iterator[str]:
    for rule in acl.items("ingress"):
        first, last = _ports(rule)
        if rule.get("action") == "allow" and _world(rule) and any(first <= port <= last for port in _ADMIN):
            yield "opens port 22 or 3389 to the world"


def _default_group(group: Resource, _: Declaration) -> Iterator[str]:
    if group.get("ingress") or group.get("egress"):
        yield "has rules"


def _no_flow_logs(vpc: Resource, declaration: Declaration) -> Iterator[str]:
    # The VPC in awsx's component is a resource of its own once a stack is up, and is looked at there.
    if vpc.type == VPC_COMPONENT:
        if any(declaration.all(VPC)):
            return
        logged = any(declaration.all(FLOW_LOG))
    else:
        logged = bool(declaration.related(vpc, "vpcId", FLOW_LOG))
    if not logged:
        yield "has no flow logs"


def _public_subnet(subnet: Resource, _: Declaration) -> Iterator[str]:
    if subnet.get("mapPublicIpOnLaunch"):
        yield "gives whatever starts there a public address"


def _plain_volume(resource: Resource, _: Declaration) -> Iterator[str]:
    if resource.type == SERVICE:
        disk = "volumeConfiguration.managedEbsVolume"
        if resource.get(disk) and resource.get(f"{disk}.encrypted") is not True:
            yield "gives its tasks volumes that are not encrypted"
        return
    for device in resource.items("blockDeviceMappings"):
        if device.get("ebs") and str(device.get("ebs.encrypted")).lower() != "true":
            yield f"has a volume, {device.get('deviceName')}, that is not encrypted"


def _old_metadata(template: Resource, _: Declaration) -> Iterator[str]:
    if template.get("metadataOptions.httpTokens") != "required":
        yield "lets instances ask for metadata without a token (IMDSv1)"


def _public_instances(template: Resource, _: Declaration) -> Iterator[str]:
    for interface in template.items("networkInterfaces"):
        if str(interface.get("associatePublicIpAddress")).lower() == "true":
            yield "gives instances public addresses"


def _unhealthy_stay(group: Resource, _: Declaration) -> Iterator[str]:
    attached = group.get("targetGroupArns") or group.get("loadBalancers")
    if attached and group.get("healthCheckType") != "ELB":
        yield "is behind a load balancer and does not ask for its health checks"


def _one_zone(group: Resource, _: Declaration) -> Iterator[str]:
    places: list[Any] = group.get("vpcZoneIdentifiers") or group.get("availabilityZones") or []
    if len(places) < _FEWEST:
        yield "is in one zone alone"


def _one_type(group: Resource, _: Declaration) -> Iterator[str]:
    overrides: list[Any] = group.get("mixedInstancesPolicy.launchTemplate.overrides") or []
    if len(overrides) < _FEWEST:
        yield "can start one type of instances alone"


def _no_template(group: Resource, _: Declaration) -> Iterator[str]:
    if not (group.get("launchTemplate") or group.get("mixedInstancesPolicy.launchTemplate")):
        yield "has no launch template"


CONTROLS: Final = (
    Control(
        id="EC2.2",
        title="Default security groups have no rules",
        types=(DEFAULT_GROUP,),
        check=_default_group,
        fix="an aws.ec2.DefaultSecurityGroup without rules",
    ),
    Control(
        id="EC2.3",
        title="EBS volumes are encrypted",
        types=(TEMPLATE, SERVICE),
        check=_plain_volume,
        fix="ebs.encrypted true; volumes of tasks: `volumes.<name>.ebs`, which encrypts",
    ),
    Control(
        id="EC2.6",
        title="VPCs have flow logs",
        types=(VPC, VPC_COMPONENT),
        check=_no_flow_logs,
        fix="flow-logs: bucket or log-group",
    ),
    Control(
        id="EC2.8",
        title="Instances answer for metadata with a token alone (IMDSv2)",
        types=(TEMPLATE,),
        check=_old_metadata,
        fix="metadataOptions.httpTokens required",
    ),
    Control(
        id="EC2.9",
        title="Instances have no public addresses",
        types=(TEMPLATE,),
        check=_public_instances,
        fix="nat: single or one-per-az",
    ),
    Control(
        id="EC2.15",
        title="Subnets give out no public addresses",
        types=(SUBNET,),
        check=_public_subnet,
        fix="mapPublicIpOnLaunch false: what needs an address asks for one",
    ),
    Control(
        id="EC2.18",
        title="Only ports 80 and 443 are open to the world",
        types=(INGRESS, SECURITY_GROUP),
        check=_open_ports,
        fix="allowed-cidrs and test-cidrs; a port that is meant for everybody is an exception with a reason",
    ),
    Control(
        id="EC2.19",
        title="Ports of high risk are not open to the world",
        types=(INGRESS, SECURITY_GROUP),
        check=_risky_ports,
        fix="allowed-cidrs, or another port",
    ),
    Control(
        id="EC2.21",
        title="Network ACLs do not open ports 22 and 3389 to the world",
        types=(NETWORK_ACL,),
        check=_admin_ports,
        fix="narrower ranges",
    ),
    Control(
        id="AutoScaling.1",
        title="Groups behind a load balancer ask for its health checks",
        types=(GROUP,),
        check=_unhealthy_stay,
        fix="healthCheckType ELB",
    ),
    Control(
        id="AutoScaling.2",
        title="Groups are in two zones or more",
        types=(GROUP,),
        check=_one_zone,
        fix="availability-zones: 2 or more",
    ),
    Control(
        id="AutoScaling.6",
        title="Groups can start several types of instances",
        types=(GROUP,),
        check=_one_type,
        fix="capacity.<name>.instance-types: two or more",
    ),
    Control(
        id="AutoScaling.9",
        title="Groups have a launch template",
        types=(GROUP,),
        check=_no_template,
        fix="launchTemplate, or mixedInstancesPolicy",
    ),
)
