"""Controls of the network, instances and Auto Scaling groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from policies.control import Control, fault_if, fewer_than_two
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
_ANYWHERE: Final = frozenset({"0.0.0.0/0", "::/0"})
_PUBLIC_PORTS: Final = frozenset({80, 443})
# https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19
_HIGH_RISK_PORTS: Final = (
    *(20, 21, 22, 23, 25, 110, 135, 143, 445, 1433, 1434, 3000, 3306, 3389, 4333, 5000, 5432, 5500, 5601),
    *(8080, 8088, 8888, 9200, 9300),
)
_ADMIN_PORTS: Final = (22, 3389)


def _open_rules(resource: Resource) -> Iterator[tuple[Resource, str, int, int]]:
    """Yield ingress rules that are open to the internet, each with its CIDR block, first port and last port.

    The resource is a rule itself, or has a list of rules.
    """
    for rule in [resource] if resource.type == INGRESS else resource.items("ingress"):
        cidrs: list[Any] = [
            *(rule.get(key) for key in ("cidrIpv4", "cidrIpv6", "cidrBlock", "ipv6CidrBlock")),
            *(rule.get("cidrBlocks") or ()),
            *(rule.get("ipv6CidrBlocks") or ()),
        ]
        cidr = next((cidr for cidr in cidrs if cidr in _ANYWHERE), None)
        if cidr is None:
            continue
        first, last = rule.get("fromPort"), rule.get("toPort")
        if str(rule.get("ipProtocol") or rule.get("protocol")) == "-1":
            first, last = 0, None
        yield rule, cidr, int(first or 0), int(65535 if last is None else last)


def _open_ports(resource: Resource, _: Declaration) -> Iterator[str]:
    for _rule, cidr, first, last in _open_rules(resource):
        if first != last or first not in _PUBLIC_PORTS:
            yield f"opens ports {first} to {last} to {cidr}"


def _high_risk_ports(resource: Resource, _: Declaration) -> Iterator[str]:
    for _rule, cidr, first, last in _open_rules(resource):
        ports = [str(port) for port in _HIGH_RISK_PORTS if first <= port <= last]
        if ports:
            yield f"opens {', '.join(ports[:3])}{' …' if len(ports) > len(ports[:3]) else ''} to {cidr}"


def _admin_ports(acl: Resource, _: Declaration) -> Iterator[str]:
    for rule, _cidr, first, last in _open_rules(acl):
        if rule.get("action") == "allow" and any(first <= port <= last for port in _ADMIN_PORTS):
            yield "opens port 22 or 3389 to the internet"


def _no_flow_logs(vpc: Resource, declaration: Declaration) -> Iterator[str]:
    # Once a stack is up, the VPC inside awsx's component is a resource too, and is checked itself.
    if vpc.type == VPC_COMPONENT:
        has_logs = any(declaration.all(VPC, FLOW_LOG))
    else:
        has_logs = bool(declaration.related(vpc, "vpcId", FLOW_LOG))
    if not has_logs:
        yield "has no flow logs"


def _unencrypted_volumes(resource: Resource, _: Declaration) -> Iterator[str]:
    volume = "volumeConfiguration.managedEbsVolume"
    if resource.get(volume) and resource.get(f"{volume}.encrypted") is not True:
        yield "has a task volume that is not encrypted"
    for device in resource.items("blockDeviceMappings"):
        if device.get("ebs") and str(device.get("ebs.encrypted")).lower() != "true":
            yield f"has a volume, {device.get('deviceName')}, that is not encrypted"


def _assigns_public_addresses(template: Resource) -> bool:
    return any(
        str(interface.get("associatePublicIpAddress")).lower() == "true"
        for interface in template.items("networkInterfaces")
    )


CONTROLS: Final = (
    Control(
        id="EC2.2",
        title="Default security groups have no rules",
        types=(DEFAULT_GROUP,),
        check=fault_if(lambda group: group.get("ingress") or group.get("egress"), "has rules"),
        fix="an aws.ec2.DefaultSecurityGroup without rules",
    ),
    Control(
        id="EC2.3",
        title="EBS volumes are encrypted",
        types=(TEMPLATE, SERVICE),
        check=_unencrypted_volumes,
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
        title="Instance metadata requires a token (IMDSv2)",
        types=(TEMPLATE,),
        check=fault_if(
            lambda template: template.get("metadataOptions.httpTokens") != "required",
            "allows instance metadata without a token (IMDSv1)",
        ),
        fix="metadataOptions.httpTokens required",
    ),
    Control(
        id="EC2.9",
        title="Instances have no public addresses",
        types=(TEMPLATE,),
        check=fault_if(_assigns_public_addresses, "assigns public addresses to instances"),
        fix="nat: single or one-per-az",
    ),
    Control(
        id="EC2.15",
        title="Subnets assign no public addresses",
        types=(SUBNET,),
        check=fault_if(lambda subnet: subnet.get("mapPublicIpOnLaunch"), "assigns public addresses"),
        fix="mapPublicIpOnLaunch false: a resource that needs a public address requests one",
    ),
    Control(
        id="EC2.18",
        title="Only ports 80 and 443 are open to the internet",
        types=(INGRESS, SECURITY_GROUP),
        check=_open_ports,
        fix="allowed-cidrs and test-cidrs; a port that is meant to be public is an exception with a reason",
    ),
    Control(
        id="EC2.19",
        title="High-risk ports are not open to the internet",
        types=(INGRESS, SECURITY_GROUP),
        check=_high_risk_ports,
        fix="allowed-cidrs, or another port",
    ),
    Control(
        id="EC2.21",
        title="Network ACLs do not open ports 22 and 3389 to the internet",
        types=(NETWORK_ACL,),
        check=_admin_ports,
        fix="narrower CIDR blocks",
    ),
    Control(
        id="AutoScaling.1",
        title="Groups behind a load balancer use its health checks",
        types=(GROUP,),
        check=fault_if(
            lambda group: (
                (group.get("targetGroupArns") or group.get("loadBalancers"))
                and group.get("healthCheckType") != "ELB"
            ),
            "is behind a load balancer and does not use its health checks",
        ),
        fix="healthCheckType ELB",
    ),
    Control(
        id="AutoScaling.2",
        title="Groups are in two zones or more",
        types=(GROUP,),
        check=fault_if(fewer_than_two("vpcZoneIdentifiers", "availabilityZones"), "is in one zone only"),
        fix="availability-zones: 2 or more",
    ),
    Control(
        id="AutoScaling.6",
        title="Groups have several instance types",
        types=(GROUP,),
        check=fault_if(
            fewer_than_two("mixedInstancesPolicy.launchTemplate.overrides"), "has one instance type only"
        ),
        fix="capacity.<name>.instance-types: two or more",
    ),
    Control(
        id="AutoScaling.9",
        title="Groups have a launch template",
        types=(GROUP,),
        check=fault_if(
            lambda group: (
                not (group.get("launchTemplate") or group.get("mixedInstancesPolicy.launchTemplate"))
            ),
            "has no launch template",
        ),
        fix="launchTemplate, or mixedInstancesPolicy",
    ),
)
