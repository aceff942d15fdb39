"""Provider functions: who and where we are, and what is there already."""

from __future__ import annotations

import base64
from threading import Lock
from typing import Any, Final, cast

from local.resources.aws_calls import call
from local.resources.base import Handler, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.ecr import describe_image, registry_host
from local.resources.route53 import plain

_FIRST: Final = Lock()
"""Programs that this process runs ask one after the other."""
_BOOTSTRAPPED: Final = ("log-bucket", "log-key-arn", "topic-arn")
_ZONE_TYPE: Final = "zone-type"
"""The one filter of zones that is known here; MiniStack ignores all of them."""


def _known(function: str, arguments: Properties, *names: str) -> None:
    """Refuse arguments that a function would ignore.

    Raises:
        ResourceError: it names them.
    """
    if others := sorted(key for key, value in arguments.items() if value and key not in names):
        raise ResourceError(
            f"{function}: the local run does not know {', '.join(others)}; leave it out, "
            f"or add it to local/resources/invokes.py (it knows {', '.join(names)})"
        )


def look_up(handler: Handler, argument: str, cloud: Cloud, arguments: Properties) -> Properties:
    """Answer with the plain outputs of the resource whose id `argument` takes.

    Blocks of a function may have another form than those of the resource, and nobody asks for them.

    Raises:
        ResourceError: there is none, or it is asked for otherwise.
    """
    _known(f"the lookup of {handler.token}", arguments, argument)
    identifier = str(arguments.get(argument) or "")
    if (found := handler.read(cloud, id=identifier, inputs={})) is None:
        raise ResourceError(
            f"{handler.token} {identifier!r} is not in the emulator: name one that a local stack has made"
        )
    plain = {key: value for key, value in found.items() if key == "tags" or not _has_blocks(value)}
    return {**plain, argument: identifier, "id": identifier}


def _has_blocks(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_blocks, cast("list[Any]", value)))
    return isinstance(value, dict)


def get_parameter(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ssm/getParameter`; one of AWS's own, such as the newest image of an instance, has a value made up.

    Raises:
        ResourceError: there is none.
    """
    _known("getParameter", arguments, "name", "withDecryption")
    name, public = str(arguments["name"]), str(arguments["name"]).startswith("/aws/service/")
    absent = ("ParameterNotFound",) if public else ()
    answer = call(cloud, "ssm", "get_parameter", absent=absent, Name=name, WithDecryption=True)
    parameter = answer.get("Parameter") or {"Type": "String", "Value": "ami-00000000000000000", "Version": 1}
    arn = f"arn:aws:ssm:{cloud.region}::parameter{name}"
    return {
        "arn": parameter.get("ARN", arn),
        "id": name,
        "insecureValue": parameter["Value"],
        "name": name,
        "region": cloud.region,
        "type": parameter["Type"],
        "value": parameter["Value"],
        "version": parameter["Version"],
    }


def get_parameters_by_path(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ssm/getParametersByPath`; what `bootstrap/` would have made is made, for here nobody has run it.

    Raises:
        ResourceError: it is asked for otherwise than by path.
    """
    _known("getParametersByPath", arguments, "path")
    path = str(arguments["path"])
    with _FIRST:
        found = _parameters(cloud, path)
        if path.startswith("/bootstrap/") and len(found) < len(_BOOTSTRAPPED):
            _bootstrap(cloud, path)
            found = _parameters(cloud, path)
    return {
        "arns": [one["ARN"] for one in found],
        "id": path,
        "names": [one["Name"] for one in found],
        "path": path,
        "region": cloud.region,
        "types": [one["Type"] for one in found],
        "values": [one["Value"] for one in found],
    }


def _parameters(cloud: Cloud, path: str) -> list[dict[str, Any]]:
    return call(cloud, "ssm", "get_parameters_by_path", Path=path)["Parameters"]


def _bootstrap(cloud: Cloud, path: str) -> None:
    """Make what `bootstrap/` makes for logs and alarms, as far as a stack sees it."""
    project = path.rpartition("/")[2]
    account = call(cloud, "sts", "get_caller_identity")["Account"]
    bucket = f"{project}-logs-{account}-{cloud.region}"
    place = {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
    elsewhere: dict[str, Any] = {} if cloud.region == "us-east-1" else place
    call(cloud, "s3", "create_bucket", absent=("BucketAlreadyOwnedByYou",), Bucket=bucket, **elsewhere)
    made = (
        bucket,
        call(cloud, "kms", "create_key", Description="logs")["KeyMetadata"]["Arn"],
        call(cloud, "sns", "create_topic", Name=f"{project}-alarms")["TopicArn"],
    )
    for key, value in zip(_BOOTSTRAPPED, made, strict=True):
        # What is there stays: runs of other stacks may ask at the same time, and one may use it already.
        exists = ("ParameterAlreadyExists",)
        call(cloud, "ssm", "put_parameter", absent=exists, Name=f"{path}/{key}", Type="String", Value=value)


def get_secret(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:secretsmanager/getSecret` by name; one that is not in the emulator is told by its name alone.

    A task finds the value of that in `local-secrets.yaml`.
    """
    _known("getSecret", arguments, "name")
    name, absent = str(arguments["name"]), ("ResourceNotFoundException",)
    found = call(cloud, "secretsmanager", "describe_secret", absent=absent, SecretId=name)
    account = call(cloud, "sts", "get_caller_identity")["Account"]
    arn = found.get("ARN", f"arn:aws:secretsmanager:{cloud.region}:{account}:secret:{name}-000000")
    return {"arn": arn, "id": arn, "name": name, "region": cloud.region}


def get_availability_zones(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getAvailabilityZones`.

    Raises:
        ResourceError: it is asked for what the local run does not know.
    """
    _known("getAvailabilityZones", arguments, "excludeZoneIds", "filters")
    filters: list[Properties] = arguments.get("filters") or []
    _known("getAvailabilityZones, filters", {one["name"]: True for one in filters}, _ZONE_TYPE)
    zones = [
        zone
        for zone in _zones_of_region(cloud)
        if zone["ZoneId"] not in (arguments.get("excludeZoneIds") or [])
        and all(zone["ZoneType"] in one["values"] for one in filters)
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


def get_partition(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getPartition`; the emulator is the commercial one whatever the region."""
    del cloud, arguments
    names = {"dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
    return {"id": "aws", "partition": "aws", **names}


def get_zone(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:route53/getZone`, a public one by name; one that is not there is made.

    On AWS the zone is the user's own; here nobody could have made it.

    Raises:
        ResourceError: it is asked for otherwise, or there is more than one.
    """
    _known("getZone", arguments, "name")
    name = plain(arguments["name"])
    if not (zones := _public_zones(cloud, name)):
        call(cloud, "route53", "create_hosted_zone", Name=name, CallerReference=f"node-on-ecs-{name}")
        zones = _public_zones(cloud, name)
    if len(zones) > 1:
        raise ResourceError(f"there are {len(zones)} hosted zones {name!r}: delete all but one")
    identifier = zones[0]["Id"].rpartition("/")[2]
    return {
        "arn": f"arn:aws:route53:::hostedzone/{identifier}",
        "id": identifier,
        "name": name,
        "privateZone": False,
        "zoneId": identifier,
    }


def _public_zones(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    listed = call(cloud, "route53", "list_hosted_zones_by_name", DNSName=name)["HostedZones"]
    return [zone for zone in listed if plain(zone["Name"]) == name and not zone["Config"]["PrivateZone"]]


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


def get_repository(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ecr/getRepository`; one that is not there is made, for here nobody could have made it.

    Raises:
        ResourceError: it is asked for otherwise than by name.
    """
    _known("getRepository", arguments, "name")
    name, gone = str(arguments["name"]), ("RepositoryNotFoundException",)
    asked: dict[str, Any] = {"repositoryNames": [name]}
    found = call(cloud, "ecr", "describe_repositories", absent=gone, **asked).get("repositories")
    repository = (found or [call(cloud, "ecr", "create_repository", repositoryName=name)["repository"]])[0]
    return {
        "arn": repository["repositoryArn"],
        "id": name,
        "name": name,
        "region": cloud.region,
        "registryId": repository["registryId"],
        "repositoryUrl": f"{registry_host(cloud)}/{name}",
    }


def get_image(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ecr/getImage`: an image by tag or by digest.

    Raises:
        ResourceError: there is no such image, or it is asked for otherwise.
    """
    _known("getImage", arguments, "imageDigest", "imageTag", "region", "registryId", "repositoryName")
    repository = str(arguments["repositoryName"])
    asked = {key: str(arguments[key]) for key in ("imageTag", "imageDigest") if arguments.get(key)}
    image = describe_image(cloud, repository, **asked)
    if image is None:
        described = ", ".join(f"{key} {value}" for key, value in asked.items())
        raise ResourceError(f"ECR repository {repository!r} does not have {described}: push it first")
    digest = image["imageDigest"]
    return {
        "id": digest,
        "imageDigest": digest,
        "imagePushedAt": int(image["imagePushedAt"].timestamp()),
        "imageSizeInBytes": image.get("imageSizeInBytes", 0),
        "imageTag": arguments.get("imageTag"),
        "imageTags": image.get("imageTags", []),
        "imageUri": f"{registry_host(cloud)}/{repository}@{digest}",
        "region": cloud.region,
        "registryId": image["registryId"],
        "repositoryName": repository,
    }


def get_registry_image(cloud: Cloud, arguments: Properties) -> Properties:
    """`docker:index/getRegistryImage`: which digest a registry has for an image.

    Where the registry cannot be reached, the daemon's own copy of the image has the digest it came with.

    Raises:
        ResourceError: neither has it.
    """
    from local.images import local_image, registry_digest

    del cloud
    name = str(arguments["name"])
    local = local_image(name)
    pulled: list[str] = (local or {}).get("RepoDigests") or []
    digest = registry_digest(name) or next((one.rpartition("@")[2] for one in pulled), None)
    if digest is None:
        raise ResourceError(
            f"image {name} is not available and its registry cannot be reached: connect to a network, "
            f"or `docker pull` it beforehand"
            if local is None
            else f"image {name} was made on this machine, so that no digest names it, and its registry "
            f"cannot be reached: set `app-path` to a folder with a Dockerfile that says `FROM {name}`",
        )
    return {"id": digest, "name": name, "sha256Digest": digest}
