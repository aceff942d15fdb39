"""What is in the emulator, by Pulumi's types, to be held against what the states say."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from local.resources.cloud import Cloud

KEPT_FOR_A_ROLLBACK: Final = "aws:ecs/taskDefinition:TaskDefinition"


def _pages(cloud: Cloud, service: str, operation: str, key: str, **arguments: Any) -> list[Any]:
    pages = cloud.client(service).get_paginator(operation).paginate(**arguments)
    return [item for page in pages for item in page[key]]


def _own_vpcs(cloud: Cloud) -> set[str]:
    vpcs = cloud.client("ec2").describe_vpcs()["Vpcs"]
    return {vpc["VpcId"] for vpc in vpcs if not vpc["IsDefault"]}


def _in_own_vpcs(operation: str, key: str) -> Callable[[Cloud], list[Any]]:
    def find(cloud: Cloud) -> list[Any]:
        own = _own_vpcs(cloud)
        return [item for item in getattr(cloud.client("ec2"), operation)()[key] if item["VpcId"] in own]

    return find


def _internet_gateways(cloud: Cloud) -> list[Any]:
    own = _own_vpcs(cloud)
    gateways = cloud.client("ec2").describe_internet_gateways()["InternetGateways"]
    # One that is attached to nothing is nobody's: it counts.
    return [g for g in gateways if {a["VpcId"] for a in g["Attachments"]} <= own]


def _route_tables(cloud: Cloud) -> list[Any]:
    tables = _in_own_vpcs("describe_route_tables", "RouteTables")(cloud)
    return [t for t in tables if not any(a.get("Main") for a in t["Associations"])]


def _security_groups(cloud: Cloud) -> list[Any]:
    groups = _in_own_vpcs("describe_security_groups", "SecurityGroups")(cloud)
    return [group for group in groups if group["GroupName"] != "default"]


def _security_group_rules(cloud: Cloud, *, egress: bool) -> list[Any]:
    groups = {group["GroupId"] for group in _security_groups(cloud)}
    rules = cloud.client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    return [rule for rule in rules if rule["GroupId"] in groups and rule["IsEgress"] == egress]


def _listeners(cloud: Cloud) -> list[Any]:
    return [
        listener
        for balancer in _pages(cloud, "elbv2", "describe_load_balancers", "LoadBalancers")
        for listener in _pages(
            cloud, "elbv2", "describe_listeners", "Listeners", LoadBalancerArn=balancer["LoadBalancerArn"]
        )
    ]


def _listener_rules(cloud: Cloud) -> list[Any]:
    return [
        rule
        for listener in _listeners(cloud)
        for rule in _pages(cloud, "elbv2", "describe_rules", "Rules", ListenerArn=listener["ListenerArn"])
        if not rule["IsDefault"]
    ]


def _clusters(cloud: Cloud) -> list[Any]:
    clusters = cloud.client("ecs").describe_clusters(
        clusters=_pages(cloud, "ecs", "list_clusters", "clusterArns")
    )["clusters"]
    return [cluster for cluster in clusters if cluster["status"] == "ACTIVE"]


def _services(cloud: Cloud) -> list[Any]:
    return [
        arn
        for cluster in _clusters(cloud)
        for arn in _pages(cloud, "ecs", "list_services", "serviceArns", cluster=cluster["clusterArn"])
    ]


def _records(cloud: Cloud) -> list[Any]:
    return [
        record
        for zone in _pages(cloud, "route53", "list_hosted_zones", "HostedZones")
        for record in _pages(
            cloud, "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        )
        # The validation record is kept when its stack is deleted: another certificate of that name may need it.
        if record["Type"] not in {"NS", "SOA"} and not record["Name"].startswith("_")
    ]


_VALIDATION_RECORD: Final = "::certificate-record"

_FOUND: Final[dict[str, Callable[[Cloud], Iterable[Any]]]] = {
    "aws:ec2/vpc:Vpc": _own_vpcs,
    "aws:ec2/subnet:Subnet": _in_own_vpcs("describe_subnets", "Subnets"),
    "aws:ec2/internetGateway:InternetGateway": _internet_gateways,
    "aws:ec2/routeTable:RouteTable": _route_tables,
    "aws:ec2/securityGroup:SecurityGroup": _security_groups,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": lambda cloud: _security_group_rules(
        cloud, egress=False
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": lambda cloud: _security_group_rules(
        cloud, egress=True
    ),
    "aws:ec2/natGateway:NatGateway": lambda cloud: [
        gateway
        for gateway in _pages(cloud, "ec2", "describe_nat_gateways", "NatGateways")
        if gateway["State"] != "deleted"
    ],
    "aws:ec2/eip:Eip": lambda cloud: cloud.client("ec2").describe_addresses()["Addresses"],
    "aws:lb/loadBalancer:LoadBalancer": lambda cloud: _pages(
        cloud, "elbv2", "describe_load_balancers", "LoadBalancers"
    ),
    "aws:lb/targetGroup:TargetGroup": lambda cloud: _pages(
        cloud, "elbv2", "describe_target_groups", "TargetGroups"
    ),
    "aws:lb/listener:Listener": _listeners,
    "aws:lb/listenerRule:ListenerRule": _listener_rules,
    "aws:ecs/cluster:Cluster": _clusters,
    "aws:ecs/service:Service": _services,
    "aws:ecs/taskDefinition:TaskDefinition": lambda cloud: _pages(
        cloud, "ecs", "list_task_definitions", "taskDefinitionArns"
    ),
    "aws:iam/role:Role": lambda cloud: [
        role
        for role in _pages(cloud, "iam", "list_roles", "Roles")
        if not role["Path"].startswith("/aws-service-role/")
    ],
    "aws:cloudwatch/logGroup:LogGroup": lambda cloud: _pages(
        cloud, "logs", "describe_log_groups", "logGroups"
    ),
    "aws:route53/record:Record": _records,
    "aws:acm/certificate:Certificate": lambda cloud: _pages(
        cloud, "acm", "list_certificates", "CertificateSummaryList"
    ),
    "aws:ecr/repository:Repository": lambda cloud: _pages(
        cloud, "ecr", "describe_repositories", "repositories"
    ),
}


def emulated(endpoint: str, region: str = "us-east-1") -> Counter[str]:
    """How many of each type there are in the emulator, without what every account has from the start."""
    cloud = Cloud(endpoint, region=region)
    return +Counter({token: len(list(find(cloud))) for token, find in _FOUND.items()})


def recorded(folder: Path) -> Counter[str]:
    """How many of each of these types the states of all stacks in a project's folder hold."""
    return Counter(
        item["type"]
        for path in folder.glob(".local/state/.pulumi/stacks/*/*.json")
        for item in json.loads(path.read_text())["checkpoint"]["latest"].get("resources") or ()
        if item["type"] in _FOUND and not item["urn"].endswith(_VALIDATION_RECORD)
    )


def orphans(endpoint: str, folder: Path) -> tuple[Counter[str], Counter[str]]:
    """What is in the emulator and in no state, and the other way round."""
    made, known = emulated(endpoint), recorded(folder)
    # A revision stays when its stack goes or replaces it.
    made[KEPT_FOR_A_ROLLBACK] = min(made[KEPT_FOR_A_ROLLBACK], known[KEPT_FOR_A_ROLLBACK])
    return made - known, known - made
