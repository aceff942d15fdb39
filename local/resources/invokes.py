"""Provider functions: who and where we are, and what is there already."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from local.resources.aws_calls import call
from local.resources.base import Handler, Properties, ResourceError
from local.resources.ecr import describe_image, registry_host
from local.resources.route53 import plain

if TYPE_CHECKING:
    from local.resources.cloud import Cloud

_ZONE_FIELDS: Final = {
    "group-name": "GroupName",
    "opt-in-status": "OptInStatus",
    "region-name": "RegionName",
    "state": "State",
    "zone-id": "ZoneId",
    "zone-name": "ZoneName",
    "zone-type": "ZoneType",
}
"""Filters of zones; MiniStack ignores them, so they are applied here."""


def get_availability_zones(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getAvailabilityZones`.

    Raises:
        ResourceError: another region is asked for, or a filter that the local run does not know.
    """
    region = arguments.get("region") or cloud.region
    if region != cloud.region:
        raise ResourceError(f"region {region!r}: the local run has {cloud.region!r} only; leave `region` out")
    filters: list[Properties] = arguments.get("filters") or []
    for item in filters:
        if item["name"] not in _ZONE_FIELDS:
            raise ResourceError(
                f"filter {item['name']!r} of zones: use one of {', '.join(_ZONE_FIELDS)}, or `excludeNames`",
            )
    zones = [
        zone
        for zone in _zones_of_region(cloud)
        if zone["ZoneName"] not in (arguments.get("excludeNames") or [])
        and zone["ZoneId"] not in (arguments.get("excludeZoneIds") or [])
        and arguments.get("state") in {None, zone["State"]}
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
    account = caller["Account"]
    return {"accountId": account, "arn": caller["Arn"], "id": account, "userId": caller["UserId"]}


def get_region(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getRegion`."""
    region = arguments.get("region") or arguments.get("name") or cloud.region
    endpoint = f"ec2.{region}.amazonaws.com"
    return {"description": region, "endpoint": endpoint, "id": region, "name": region, "region": region}


def get_partition(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getPartition`; the emulator is the commercial one whatever the region."""
    del cloud, arguments
    names = {"dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
    return {"id": "aws", "partition": "aws", **names}


def get_zone(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:route53/getZone`, by id or by name; a public zone that is not there is made.

    Raises:
        ResourceError: there is no such zone, or more than one.
    """
    name, identifier = plain(arguments.get("name") or ""), arguments.get("zoneId")
    zones = _zones(cloud, arguments)
    if not zones and name and not arguments.get("privateZone"):
        # On AWS the zone is the user's own; here nobody could have made it.
        call(cloud, "route53", "create_hosted_zone", Name=name, CallerReference=f"node-on-ecs-{name}")
        zones = _zones(cloud, arguments)
    if not zones:
        raise ResourceError(
            f"hosted zone {identifier or name!r} does not exist: give the `name` of a public one, "
            f"which is made here"
        )
    if len(zones) > 1:
        raise ResourceError(f"{len(zones)} hosted zones are called {name!r}: give `zoneId`")
    identifier = zones[0]["Id"].rpartition("/")[2]
    details = call(cloud, "route53", "get_hosted_zone", Id=identifier)
    zone = details["HostedZone"]
    servers = [plain(server) for server in details.get("DelegationSet", {}).get("NameServers", [])]
    return {
        "arn": f"arn:aws:route53:::hostedzone/{identifier}",
        "callerReference": zone["CallerReference"],
        "comment": zone["Config"].get("Comment", ""),
        "id": identifier,
        "name": plain(zone["Name"]),
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "privateZone": zone["Config"]["PrivateZone"],
        "resourceRecordSetCount": zone["ResourceRecordSetCount"],
        "tags": {},
        "zoneId": identifier,
    }


def _zones(cloud: Cloud, arguments: Properties) -> list[dict[str, Any]]:
    if identifier := arguments.get("zoneId"):
        answer = call(cloud, "route53", "get_hosted_zone", absent=("NoSuchHostedZone",), Id=identifier)
        return [answer["HostedZone"]] if answer else []
    name, private = plain(arguments.get("name") or ""), bool(arguments.get("privateZone"))
    listed = call(cloud, "route53", "list_hosted_zones_by_name", DNSName=name)["HostedZones"]
    alike = (zone for zone in listed if plain(zone["Name"]) == name)
    return [zone for zone in alike if zone["Config"]["PrivateZone"] == private]


def get_authorization_token(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ecr/getAuthorizationToken`, for the registry at `localhost`."""
    data = call(cloud, "ecr", "get_authorization_token")["authorizationData"][0]
    user, _, password = base64.b64decode(data["authorizationToken"]).decode().partition(":")
    return {
        "authorizationToken": data["authorizationToken"],
        "expiresAt": data["expiresAt"].isoformat(),
        "id": cloud.region,
        "password": password,
        "proxyEndpoint": f"http://{registry_host(cloud)}",
        "region": cloud.region,
        "registryId": arguments.get("registryId"),
        "userName": user,
    }


def get_image(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ecr/getImage`: an image by tag, by digest, or the newest.

    Raises:
        ResourceError: there is no such image, or none of the three is asked for.
    """
    repository = str(arguments["repositoryName"])
    asked = {key: str(arguments[key]) for key in ("imageTag", "imageDigest") if arguments.get(key)}
    if asked:
        image = describe_image(cloud, repository, **asked)
    elif arguments.get("mostRecent"):
        images = call(cloud, "ecr", "describe_images", repositoryName=repository)["imageDetails"]
        image = max(images, key=lambda image: image["imagePushedAt"], default=None)
    else:
        raise ResourceError("getImage: give one of imageTag, imageDigest, mostRecent")
    if image is None:
        described = ", ".join(f"{key} {value}" for key, value in asked.items()) or "no image at all"
        raise ResourceError(f"ECR repository {repository!r} does not have {described}: push it first")
    digest = image["imageDigest"]
    return {
        **{key: arguments.get(key) for key in ("imageTag", "mostRecent")},
        "id": digest,
        "imageDigest": digest,
        "imagePushedAt": int(image["imagePushedAt"].timestamp()),
        "imageSizeInBytes": image.get("imageSizeInBytes", 0),
        "imageTags": image.get("imageTags", []),
        "imageUri": f"{registry_host(cloud)}/{repository}@{digest}",
        "region": cloud.region,
        "registryId": image["registryId"],
        "repositoryName": repository,
    }


def look_up(handler: Handler, argument: str, cloud: Cloud, arguments: Properties) -> Properties:
    """Answer with the outputs that the resource of a type has, by the argument that takes its id.

    Raises:
        ResourceError: there is none, or it is asked for otherwise.
    """
    given = sorted(key for key, value in arguments.items() if value is not None)
    if given != [argument]:
        asked = ", ".join(given) or "nothing"
        raise ResourceError(f"{handler.token}: the local run looks it up by `{argument}`, not by {asked}")
    identifier = str(arguments[argument])
    found = handler.read(cloud, id=identifier, inputs={})
    if found is None:
        raise ResourceError(f"{handler.token} {identifier!r} does not exist: make it first, or name another")
    return {**found, argument: identifier, "id": identifier}
