"""Provider functions that look things up: who and where we are, zones, VPCs and their parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from local.resources import tags as tagging
from local.resources.aws_calls import call
from local.resources.base import Properties, ResourceError
from local.resources.route53 import plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from local.resources.cloud import Cloud


# MiniStack ignores filters on zones, so they are applied here.
_ZONE_FIELDS = {
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
}


def get_availability_zones(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getAvailabilityZones`.

    Raises:
        ResourceError: another region is asked for, or a filter that the local run does not know.
    """
    _same_region(cloud, arguments)
    without_names: list[str] = arguments.get("excludeNames") or []
    without_ids: list[str] = arguments.get("excludeZoneIds") or []
    state = arguments.get("state")
    filters: list[Properties] = arguments.get("filters") or []
    for item in filters:
        if item["name"] not in _ZONE_FIELDS:
            raise ResourceError(
                f"filter {item['name']!r} of zones: use one of {', '.join(_ZONE_FIELDS)}, or `excludeNames`",
            )
    zones = [
        zone
        for zone in _zones_of_region(cloud)
        if zone["ZoneName"] not in without_names
        and zone["ZoneId"] not in without_ids
        and state in {None, zone["State"]}
        and all(zone[_ZONE_FIELDS[item["name"]]] in item["values"] for item in filters)
    ]
    return {
        "groupNames": sorted({zone["GroupName"] for zone in zones}),
        "id": cloud.region,
        "names": [zone["ZoneName"] for zone in zones],
        "region": cloud.region,
        "zoneIds": [zone["ZoneId"] for zone in zones],
    }


def _zones_of_region(cloud: Cloud) -> list[dict[str, Any]]:
    # MiniStack lists three zones, but makes subnets in any. us-east-1 has six on AWS; with three, and one
    # left out for what Fargate lacks there, no stack could have three.
    listed: list[dict[str, Any]] = call(cloud, "ec2", "describe_availability_zones")["AvailabilityZones"]
    prefix = listed[0]["ZoneId"].rpartition("-az")[0]
    return [
        {**listed[0], "ZoneName": f"{cloud.region}{letter}", "ZoneId": f"{prefix}-az{number}"}
        for number, letter in enumerate("abcdef", start=1)
    ]


def get_caller_identity(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getCallerIdentity`."""
    del arguments
    caller = call(cloud, "sts", "get_caller_identity")
    return {
        "accountId": caller["Account"],
        "arn": caller["Arn"],
        "id": caller["Account"],
        "userId": caller["UserId"],
    }


def get_region(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getRegion`."""
    region = arguments.get("region") or arguments.get("name") or cloud.region
    return {
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
        "id": region,
        "name": region,
        "region": region,
    }


def get_partition(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getPartition`; the emulator is the commercial one whatever the region."""
    del cloud, arguments
    return {
        "dnsSuffix": "amazonaws.com",
        "id": "aws",
        "partition": "aws",
        "reverseDnsPrefix": "com.amazonaws",
    }


def get_zone(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:route53/getZone`, by id or by name.

    Raises:
        ResourceError: there is no such zone, or more than one.
    """
    zones = _zones(cloud, arguments)
    asked = arguments.get("zoneId") or plain(arguments.get("name") or "")
    if not zones and arguments.get("name"):
        # On AWS the zone is the user's own; here nobody could have made it.
        call(cloud, "route53", "create_hosted_zone", Name=str(asked), CallerReference=f"node-on-ecs-{asked}")
        zones = _zones(cloud, arguments)
    if not zones:
        raise ResourceError(f"hosted zone {asked!r} does not exist: give the `name` of one, which is made here")
    if len(zones) > 1:
        raise ResourceError(f"{len(zones)} hosted zones are called {asked!r}: give `zoneId`")
    identifier = zones[0]["Id"].rpartition("/")[2]
    details = call(cloud, "route53", "get_hosted_zone", Id=identifier)
    zone = details["HostedZone"]
    servers = details.get("DelegationSet", {}).get("NameServers", [])
    return {
        "arn": f"arn:aws:route53:::hostedzone/{identifier}",
        "callerReference": zone["CallerReference"],
        "comment": zone["Config"].get("Comment", ""),
        "id": identifier,
        "name": plain(zone["Name"]),
        "nameServers": [plain(server) for server in servers],
        "primaryNameServer": plain(servers[0]) if servers else "",
        "privateZone": zone["Config"]["PrivateZone"],
        "resourceRecordSetCount": zone["ResourceRecordSetCount"],
        "tags": {},
        "zoneId": identifier,
    }


def _zones(cloud: Cloud, arguments: Properties) -> list[dict[str, Any]]:
    if identifier := arguments.get("zoneId"):
        answer = call(cloud, "route53", "get_hosted_zone", absent=("NoSuchHostedZone",), Id=identifier)
        return [answer["HostedZone"]] if answer else []
    name = plain(arguments.get("name") or "")
    private = bool(arguments.get("privateZone"))
    answer = call(cloud, "route53", "list_hosted_zones_by_name", DNSName=name)
    return [
        zone
        for zone in answer["HostedZones"]
        if plain(zone["Name"]) == name and zone["Config"]["PrivateZone"] == private
    ]


# MiniStack lets filters that it does not know pass everything, so they are refused here.
_VPC_FILTERS = ("cidr", "is-default", "owner-id", "state", "vpc-id")
_SUBNET_FILTERS = ("availability-zone", "cidr-block", "default-for-az", "subnet-id", "vpc-id")
_TABLE_FILTERS = ("association.main", "association.subnet-id", "vpc-id")
_GATEWAY_FILTERS = ("attachment.state", "attachment.vpc-id", "internet-gateway-id", "owner-id")


def get_vpc(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ec2/getVpc`."""
    default = arguments.get("default")
    filters = _filters(
        arguments,
        _VPC_FILTERS,
        {
            "cidr": arguments.get("cidrBlock"),
            "is-default": None if default is None else str(default).lower(),
            "state": arguments.get("state"),
            "vpc-id": arguments.get("id"),
        },
    )
    vpc = _only(cloud, "describe_vpcs", "Vpcs", filters, "VPC")
    identifier = vpc["VpcId"]
    main = call(
        cloud,
        "ec2",
        "describe_route_tables",
        Filters=[
            {"Name": "vpc-id", "Values": [identifier]},
            {"Name": "association.main", "Values": ["true"]},
        ],
    )["RouteTables"]

    def dns(attribute: str) -> bool:
        answer = call(cloud, "ec2", "describe_vpc_attribute", VpcId=identifier, Attribute=attribute)
        return bool(answer[attribute[0].upper() + attribute[1:]]["Value"])

    return {
        "arn": f"arn:aws:ec2:{cloud.region}:{vpc['OwnerId']}:vpc/{identifier}",
        "cidrBlock": vpc["CidrBlock"],
        "cidrBlockAssociations": [],
        "default": vpc["IsDefault"],
        "dhcpOptionsId": vpc["DhcpOptionsId"],
        "enableDnsHostnames": dns("enableDnsHostnames"),
        "enableDnsSupport": dns("enableDnsSupport"),
        "id": identifier,
        "instanceTenancy": vpc["InstanceTenancy"],
        "ipv6AssociationId": "",
        "ipv6CidrBlock": "",
        "mainRouteTableId": main[0]["RouteTableId"] if main else "",
        "ownerId": vpc["OwnerId"],
        "region": cloud.region,
        "state": vpc["State"],
        "tags": _visible_tags(vpc),
    }


def get_subnet(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ec2/getSubnet`."""
    default = arguments.get("defaultForAz")
    filters = _filters(
        arguments,
        _SUBNET_FILTERS,
        {
            "availability-zone": arguments.get("availabilityZone"),
            "cidr-block": arguments.get("cidrBlock"),
            "default-for-az": None if default is None else str(default).lower(),
            "subnet-id": arguments.get("id"),
            "vpc-id": arguments.get("vpcId"),
        },
    )
    subnet = _only(cloud, "describe_subnets", "Subnets", filters, "subnet")
    return {
        "arn": subnet["SubnetArn"],
        "assignIpv6AddressOnCreation": subnet["AssignIpv6AddressOnCreation"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "availableIpAddressCount": subnet["AvailableIpAddressCount"],
        "cidrBlock": subnet["CidrBlock"],
        "defaultForAz": subnet["DefaultForAz"],
        "id": subnet["SubnetId"],
        "ipv6CidrBlock": "",
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
        "ownerId": subnet["OwnerId"],
        "region": cloud.region,
        "state": subnet["State"],
        "tags": _visible_tags(subnet),
        "vpcId": subnet["VpcId"],
    }


def get_subnets(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ec2/getSubnets`."""
    filters = _filters(arguments, _SUBNET_FILTERS, {})
    subnets = call(cloud, "ec2", "describe_subnets", Filters=filters)["Subnets"]
    return {
        "id": cloud.region,
        "ids": [subnet["SubnetId"] for subnet in subnets],
        "region": cloud.region,
        "tags": arguments.get("tags") or {},
    }


def get_route_table(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ec2/getRouteTable`.

    Raises:
        ResourceError: there is none, or more than one.
    """
    filters = _filters(
        arguments,
        _TABLE_FILTERS,
        {"association.subnet-id": arguments.get("subnetId"), "vpc-id": arguments.get("vpcId")},
    )
    by_id = {"RouteTableIds": [arguments["routeTableId"]]} if arguments.get("routeTableId") else {}
    table = _only(cloud, "describe_route_tables", "RouteTables", filters, "route table", **by_id)
    return {
        "arn": f"arn:aws:ec2:{cloud.region}:{table['OwnerId']}:route-table/{table['RouteTableId']}",
        "associations": [
            {
                "gatewayId": "",
                "main": item["Main"],
                "routeTableAssociationId": item["RouteTableAssociationId"],
                "routeTableId": item["RouteTableId"],
                "subnetId": item.get("SubnetId", ""),
            }
            for item in table["Associations"]
        ],
        "id": table["RouteTableId"],
        "ownerId": table["OwnerId"],
        "region": cloud.region,
        "routeTableId": table["RouteTableId"],
        "routes": [
            {
                "cidrBlock": item.get("DestinationCidrBlock", ""),
                "gatewayId": item.get("GatewayId", ""),
                "natGatewayId": item.get("NatGatewayId", ""),
            }
            for item in table["Routes"]
        ],
        "subnetId": arguments.get("subnetId") or "",
        "tags": _visible_tags(table),
        "vpcId": table["VpcId"],
    }


def get_internet_gateway(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ec2/getInternetGateway`."""
    wanted = {"internet-gateway-id": arguments.get("internetGatewayId")}
    filters = _filters(arguments, _GATEWAY_FILTERS, wanted)
    gateway = _only(cloud, "describe_internet_gateways", "InternetGateways", filters, "internet gateway")
    identifier = gateway["InternetGatewayId"]
    return {
        "arn": f"arn:aws:ec2:{cloud.region}:{gateway['OwnerId']}:internet-gateway/{identifier}",
        "attachments": [{"state": item["State"], "vpcId": item["VpcId"]} for item in gateway["Attachments"]],
        "id": identifier,
        "internetGatewayId": identifier,
        "ownerId": gateway["OwnerId"],
        "region": cloud.region,
        "tags": _visible_tags(gateway),
    }


def _same_region(cloud: Cloud, arguments: Properties) -> None:
    region = arguments.get("region") or cloud.region
    if region != cloud.region:
        raise ResourceError(f"region {region!r}: the local run has {cloud.region!r} only; leave `region` out")


def _visible_tags(item: dict[str, Any]) -> dict[str, str]:
    return tagging.visible(tagging.from_pairs(item.get("Tags")))


def _filters(
    arguments: Properties, known: Collection[str], own: dict[str, str | None]
) -> list[dict[str, Any]]:
    filters = [{"Name": name, "Values": [value]} for name, value in own.items() if value is not None]
    for item in cast("list[Properties]", arguments.get("filters") or []):
        if item["name"] not in known and not item["name"].startswith("tag"):
            raise ResourceError(
                f"filter {item['name']!r}: the emulator ignores it; use {', '.join(known)} or tag:<key>",
            )
        filters.append({"Name": item["name"], "Values": item["values"]})
    tags: dict[str, str] = arguments.get("tags") or {}
    return [*filters, *({"Name": f"tag:{key}", "Values": [value]} for key, value in tags.items())]


def _only(
    cloud: Cloud,
    operation: str,
    listed: str,
    filters: list[dict[str, Any]],
    what: str,
    **arguments: Any,
) -> dict[str, Any]:
    found = call(cloud, "ec2", operation, Filters=filters, **arguments)[listed]
    if len(found) != 1:
        asked = ", ".join(f"{item['Name']} = {'|'.join(item['Values'])}" for item in filters)
        ids = "".join(f"; {name} {value}" for name, value in arguments.items())
        advice = "check that it exists" if not found else "say more exactly which"
        raise ResourceError(f"{len(found)} {what}s match {asked or 'no filter'}{ids}, one must: {advice}")
    return found[0]
