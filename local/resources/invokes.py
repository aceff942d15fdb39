"""Provider functions. They create what only the user could have created on AWS, such as a hosted zone."""

from __future__ import annotations

import base64
from threading import Lock
from typing import Any, Final, cast

from local.resources.aws_calls import call
from local.resources.base import Handler, Properties, ResourceError
from local.resources.cloud import Cloud
from local.resources.ecr import describe_image, registry_host
from local.resources.route53 import plain

_BOOTSTRAP: Final = Lock()
"""Programs in this process run one after the other."""
_BOOTSTRAPPED: Final = ("log-bucket", "log-key-arn", "topic-arn")
_ZONE_TYPE: Final = "zone-type"
"""The only supported filter of zones; MiniStack ignores all of them."""


def _require_supported(function: str, arguments: Properties, *supported: str) -> None:
    """Refuse arguments that a function would ignore.

    Raises:
        ResourceError: it names them.
    """
    if others := sorted(key for key, value in arguments.items() if value and key not in supported):
        raise ResourceError(
            f"{function}: the local run does not support {', '.join(others)}; leave it out, "
            f"or add it to local/resources/invokes.py (it supports {', '.join(supported)})"
        )


def _account(cloud: Cloud) -> str:
    return str(call(cloud, "sts", "get_caller_identity")["Account"])


def look_up(handler: Handler, argument: str, cloud: Cloud, arguments: Properties) -> Properties:
    """Return the plain outputs of the resource whose id is the value of `argument`.

    Blocks are left out: a function may return them in another form than the resource, and no program needs
    them.

    Raises:
        ResourceError: the resource does not exist, or there are other arguments.
    """
    _require_supported(f"the lookup of {handler.token}", arguments, argument)
    identifier = str(arguments.get(argument) or "")
    if (outputs := handler.read(cloud, id=identifier, inputs={})) is None:
        raise ResourceError(
            f"{handler.token} {identifier!r} is not in the emulator: name one that a local stack has created"
        )
    scalars = {key: value for key, value in outputs.items() if key == "tags" or not _has_blocks(value)}
    return {**scalars, argument: identifier, "id": identifier}


def _has_blocks(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_blocks, cast("list[Any]", value)))
    return isinstance(value, dict)


def get_parameter(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ssm/getParameter`; AWS's own parameters, such as the newest image, have a placeholder.

    Raises:
        ResourceError: the parameter does not exist.
    """
    _require_supported("getParameter", arguments, "name", "withDecryption")
    name = str(arguments["name"])
    missing = ("ParameterNotFound",) if name.startswith("/aws/service/") else ()
    answer = call(cloud, "ssm", "get_parameter", ignored_codes=missing, Name=name, WithDecryption=True)
    parameter = answer.get("Parameter") or {"Type": "String", "Value": "ami-00000000000000000", "Version": 1}
    return {
        "arn": parameter.get("ARN", f"arn:aws:ssm:{cloud.region}::parameter{name}"),
        "id": name,
        "insecureValue": parameter["Value"],
        "name": name,
        "region": cloud.region,
        "type": parameter["Type"],
        "value": parameter["Value"],
        "version": parameter["Version"],
    }


def get_parameters_by_path(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ssm/getParametersByPath`; creates what `bootstrap/` creates in an account.

    Raises:
        ResourceError: there are arguments beside the path.
    """
    _require_supported("getParametersByPath", arguments, "path")
    path = str(arguments["path"])
    with _BOOTSTRAP:
        parameters = _parameters(cloud, path)
        if path.startswith("/bootstrap/") and len(parameters) < len(_BOOTSTRAPPED):
            _bootstrap(cloud, path)
            parameters = _parameters(cloud, path)
    return {
        "arns": [parameter["ARN"] for parameter in parameters],
        "id": path,
        "names": [parameter["Name"] for parameter in parameters],
        "path": path,
        "region": cloud.region,
        "types": [parameter["Type"] for parameter in parameters],
        "values": [parameter["Value"] for parameter in parameters],
    }


def _parameters(cloud: Cloud, path: str) -> list[dict[str, Any]]:
    return call(cloud, "ssm", "get_parameters_by_path", Path=path)["Parameters"]


def _bootstrap(cloud: Cloud, path: str) -> None:
    """Create bucket, key and topic as `bootstrap/` does, as far as a stack uses them."""
    project = path.rpartition("/")[2]
    bucket = f"{project}-logs-{_account(cloud)}-{cloud.region}"
    location: dict[str, Any] = {"CreateBucketConfiguration": {"LocationConstraint": cloud.region}}
    if cloud.region == "us-east-1":
        location = {}
    call(cloud, "s3", "create_bucket", ignored_codes=("BucketAlreadyOwnedByYou",), Bucket=bucket, **location)
    values = (
        bucket,
        call(cloud, "kms", "create_key", Description="logs")["KeyMetadata"]["Arn"],
        call(cloud, "sns", "create_topic", Name=f"{project}-alarms")["TopicArn"],
    )
    for key, value in zip(_BOOTSTRAPPED, values, strict=True):
        # An existing value is kept: runs of other stacks may do this at the same time, and use it already.
        parameter: dict[str, Any] = {"Name": f"{path}/{key}", "Type": "String", "Value": value}
        call(cloud, "ssm", "put_parameter", ignored_codes=("ParameterAlreadyExists",), **parameter)


def get_secret(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:secretsmanager/getSecret` by name; one that does not exist gets an ARN made from its name.

    A task reads its value from `local-secrets.yaml`.
    """
    _require_supported("getSecret", arguments, "name")
    name, missing = str(arguments["name"]), ("ResourceNotFoundException",)
    secret = call(cloud, "secretsmanager", "describe_secret", ignored_codes=missing, SecretId=name)
    made_up = f"arn:aws:secretsmanager:{cloud.region}:{_account(cloud)}:secret:{name}-000000"
    arn = secret.get("ARN", made_up)
    return {"arn": arn, "id": arn, "name": name, "region": cloud.region}


def get_availability_zones(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:index/getAvailabilityZones`.

    Raises:
        ResourceError: there are other arguments or filters.
    """
    _require_supported("getAvailabilityZones", arguments, "excludeZoneIds", "filters")
    filters: list[Properties] = arguments.get("filters") or []
    names = {condition["name"]: True for condition in filters}
    _require_supported("getAvailabilityZones, filters", names, _ZONE_TYPE)
    zones = [
        zone
        for zone in _zones_of_region(cloud)
        if zone["ZoneId"] not in (arguments.get("excludeZoneIds") or [])
        and all(zone["ZoneType"] in condition["values"] for condition in filters)
    ]
    return {
        "groupNames": sorted({zone["GroupName"] for zone in zones}),
        "id": cloud.region,
        "names": [zone["ZoneName"] for zone in zones],
        "region": cloud.region,
        "zoneIds": [zone["ZoneId"] for zone in zones],
    }


def _zones_of_region(cloud: Cloud) -> list[dict[str, Any]]:
    # MiniStack lists three zones, but creates subnets in any. us-east-1 has six on AWS; of three, without the
    # one in which Fargate is not available, no stack could use three.
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
    """`aws:index/getPartition`: the commercial one, whatever the region."""
    del cloud, arguments
    names = {"dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}
    return {"id": "aws", "partition": "aws", **names}


def get_zone(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:route53/getZone` of a public zone by name; creates it if it does not exist.

    Raises:
        ResourceError: there are other arguments, or several such zones.
    """
    _require_supported("getZone", arguments, "name")
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
    """`aws:ecr/getRepository` by name; creates it if it does not exist.

    Raises:
        ResourceError: there are other arguments.
    """
    from local.resources.registry import HANDLERS

    _require_supported("getRepository", arguments, "name")
    handler, name = HANDLERS["aws:ecr/repository:Repository"], str(arguments["name"])
    missing = ("RepositoryAlreadyExistsException",)
    call(cloud, "ecr", "create_repository", ignored_codes=missing, repositoryName=name)
    return look_up(handler, "name", cloud, arguments)


def get_image(cloud: Cloud, arguments: Properties) -> Properties:
    """`aws:ecr/getImage` by tag or by digest.

    Raises:
        ResourceError: the image does not exist, or there are other arguments.
    """
    _require_supported(
        "getImage", arguments, "imageDigest", "imageTag", "region", "registryId", "repositoryName"
    )
    repository = str(arguments["repositoryName"])
    image_id = {key: str(arguments[key]) for key in ("imageTag", "imageDigest") if arguments.get(key)}
    image = describe_image(cloud, repository, **image_id)
    if image is None:
        described = ", ".join(f"{key} {value}" for key, value in image_id.items())
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
    """`docker:index/getRegistryImage`: the digest of an image in its registry.

    If the registry does not answer, the digest with which the daemon's own copy was pulled.

    Raises:
        ResourceError: neither has one.
    """
    from local.images import local_image, registry_digest

    del cloud
    name = str(arguments["name"])
    local = local_image(name)
    pulled: list[str] = (local or {}).get("RepoDigests") or []
    digest = registry_digest(name) or next((image.rpartition("@")[2] for image in pulled), None)
    if digest is None:
        raise ResourceError(
            f"image {name} is not available and its registry cannot be reached: connect to a network, "
            f"or `docker pull` it beforehand"
            if local is None
            else f"image {name} was made on this machine, so that no digest names it, and its registry "
            f"cannot be reached: set `app-path` to a folder with a Dockerfile that says `FROM {name}`",
        )
    return {"id": digest, "name": name, "sha256Digest": digest}
