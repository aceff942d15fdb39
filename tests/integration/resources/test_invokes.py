"""Provider functions, against the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.resources.base import Properties, ResourceError
from local.resources.registry import INVOKES
from tests.integration.resources.examples_load_balancing import balancer_id, listener_id, make_zone
from tests.integration.resources.examples_network import make_vpc, subnet_id
from tests.integration.resources.examples_services import repository_name

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench


def invoke(bench: Workbench, function: str, package: str = "index", /, **arguments: Any) -> Properties:
    return INVOKES[f"aws:{package}/{function}:{function}"](bench.cloud, arguments)


def test_availability_zones_are_those_of_the_region(bench: Workbench) -> None:
    zones = invoke(bench, "getAvailabilityZones")

    assert zones["names"] == [f"us-east-1{letter}" for letter in "abcdef"]
    assert zones["zoneIds"] == [f"use1-az{number}" for number in range(1, 7)]


def test_availability_zones_are_filtered_by_id_and_type(bench: Workbench) -> None:
    fewer = invoke(
        bench,
        "getAvailabilityZones",
        excludeZoneIds=["use1-az3", "use1-az6"],
        filters=[{"name": "zone-type", "values": ["availability-zone"]}],
    )
    local = [{"name": "zone-type", "values": ["local-zone"]}]

    assert fewer["names"] == ["us-east-1a", "us-east-1b", "us-east-1d", "us-east-1e"]
    assert invoke(bench, "getAvailabilityZones", filters=local)["names"] == []


def test_availability_zones_include_the_emulators_own(bench: Workbench) -> None:
    own = bench.cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = invoke(bench, "getAvailabilityZones")

    ids = dict(zip(zones["names"], zones["zoneIds"], strict=True))
    assert {zone["ZoneName"]: zone["ZoneId"] for zone in own}.items() <= ids.items()


def test_unsupported_arguments_of_availability_zones_are_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="does not support message"):
        invoke(bench, "getAvailabilityZones", filters=[{"name": "message", "values": ["x"]}])
    with pytest.raises(ResourceError, match="does not support region"):
        invoke(bench, "getAvailabilityZones", region="eu-west-1")


def test_caller_and_partition_are_the_emulators(bench: Workbench) -> None:
    caller = invoke(bench, "getCallerIdentity")

    assert caller["accountId"] == caller["id"] == "000000000000"
    assert caller["arn"]
    assert invoke(bench, "getPartition")["partition"] == "aws"


def zone_of(bench: Workbench, **arguments: Any) -> Properties:
    return invoke(bench, "getZone", "route53", **arguments)


def test_a_hosted_zone_is_found_by_name(bench: Workbench) -> None:
    identifier = make_zone(bench)
    name = f"{bench.name}.example.com"

    zone = zone_of(bench, name=f"{name}.", privateZone=False)

    assert zone["zoneId"] == zone["id"] == identifier
    assert zone["name"] == name


def test_a_private_hosted_zone_of_the_same_name_is_ignored(bench: Workbench) -> None:
    public, name = make_zone(bench), f"{bench.name}.example.com"
    bench.cloud.client("route53").create_hosted_zone(
        Name=name,
        CallerReference=f"{bench.name}-private",
        VPC={"VPCRegion": "us-east-1", "VPCId": make_vpc(bench).id},
    )

    assert zone_of(bench, name=name)["zoneId"] == public


def test_a_missing_hosted_zone_is_created_once(bench: Workbench) -> None:
    name = f"{bench.name}.example.org"

    assert zone_of(bench, name=name)["id"] == zone_of(bench, name=name)["id"]


@pytest.mark.parametrize("arguments", [{"zoneId": "Z1"}, {"name": "example.org", "privateZone": True}])
def test_unsupported_arguments_of_hosted_zones_are_refused(
    bench: Workbench, arguments: dict[str, object]
) -> None:
    with pytest.raises(ResourceError, match="getZone: the local run does not support"):
        zone_of(bench, **arguments)


def test_two_hosted_zones_of_one_name_are_refused(bench: Workbench) -> None:
    make_zone(bench)
    make_zone(bench)

    with pytest.raises(ResourceError, match="there are 2 hosted zones"):
        zone_of(bench, name=f"{bench.name}.example.com")


def test_the_registry_is_on_this_machine(bench: Workbench) -> None:
    host = f"localhost:{urlsplit(bench.cloud.endpoint).port}"
    token = invoke(bench, "getAuthorizationToken", "ecr", registryId="000000000000")
    name = repository_name(bench)

    assert token["userName"] == "AWS"
    assert token["password"]
    assert token["proxyEndpoint"] == f"http://{host}"
    assert invoke(bench, "getRepository", "ecr", name=name)["repositoryUrl"] == f"{host}/{name}"


def test_a_missing_repository_is_created_once(bench: Workbench) -> None:
    first, second = (invoke(bench, "getRepository", "ecr", name=f"{bench.name}/apps") for _ in range(2))

    assert first == second
    assert first["arn"].endswith(f":repository/{bench.name}/apps")
    bench.cloud.client("ecr").delete_repository(repositoryName=f"{bench.name}/apps")


@pytest.mark.parametrize("arguments", [{"imageTag": "7"}, {"imageDigest": "sha256:" + "0" * 64}])
def test_a_missing_image_is_reported(bench: Workbench, arguments: dict[str, object]) -> None:
    name = repository_name(bench)

    with pytest.raises(ResourceError, match=name):
        invoke(bench, "getImage", "ecr", repositoryName=name, **arguments)


@pytest.mark.parametrize(
    ("package", "function", "argument", "make"),
    [
        ("ec2", "getSubnet", "id", subnet_id),
        ("lb", "getListener", "arn", listener_id),
        ("lb", "getLoadBalancer", "arn", balancer_id),
    ],
)
def test_a_resource_of_another_stack_is_looked_up(
    bench: Workbench, package: str, function: str, argument: str, make: Callable[[Workbench], str]
) -> None:
    identifier = make(bench)

    outputs = invoke(bench, function, package, **{argument: identifier})

    assert outputs[argument] == outputs["id"] == identifier
    with pytest.raises(ResourceError, match=f"{identifier}-none' is not in the emulator"):
        invoke(bench, function, package, **{argument: f"{identifier}-none"})


def test_the_zone_of_a_subnet_is_known(bench: Workbench) -> None:
    """A file system has one mount target in each zone."""
    assert invoke(bench, "getSubnet", "ec2", id=subnet_id(bench))["availabilityZone"] == "us-east-1a"


def test_parameters_of_aws_have_a_placeholder(bench: Workbench) -> None:
    bench.cloud.client("ssm").put_parameter(Name="/own", Value="secret", Type="SecureString")

    assert invoke(bench, "getParameter", "ssm", name="/own")["value"] == "secret"
    assert invoke(bench, "getParameter", "ssm", name="/aws/service/ecs/image_id")["value"].startswith("ami-")
    with pytest.raises(ResourceError, match="ParameterNotFound"):
        invoke(bench, "getParameter", "ssm", name="/none")


def test_a_secret_is_found_by_name_or_gets_an_arn(bench: Workbench) -> None:
    made = bench.cloud.client("secretsmanager").create_secret(Name=bench.name, SecretString="s")["ARN"]

    assert invoke(bench, "getSecret", "secretsmanager", name=bench.name)["arn"] == made
    assert invoke(bench, "getSecret", "secretsmanager", name="none")["arn"].endswith(":secret:none-000000")


def test_bootstrap_resources_are_created_by_the_first_lookup(bench: Workbench) -> None:
    """On AWS `bootstrap/` creates them."""
    arguments = {"path": "/bootstrap/a-project"}
    first = invoke(bench, "getParametersByPath", "ssm", **arguments)
    again = invoke(bench, "getParametersByPath", "ssm", **arguments)
    made = dict(zip(first["names"], first["values"], strict=True))
    bucket, topic = (made[f"/bootstrap/a-project/{key}"] for key in ("log-bucket", "topic-arn"))

    assert again["values"] == first["values"]
    assert made.keys() == {
        f"/bootstrap/a-project/{key}" for key in ("log-bucket", "log-key-arn", "topic-arn")
    }
    assert made["/bootstrap/a-project/log-key-arn"].startswith("arn:aws:kms:")
    assert bench.cloud.client("s3").head_bucket(Bucket=bucket)
    assert bench.cloud.client("sns").get_topic_attributes(TopicArn=topic)


def test_existing_bootstrap_parameters_are_kept(bench: Workbench) -> None:
    """Stacks that are deployed at the same time share them: another key would change a log group."""
    key = "arn:aws:kms:us-east-1:000000000000:key/of-another-run"
    bench.cloud.client("ssm").put_parameter(
        Name="/bootstrap/another-project/log-key-arn", Value=key, Type="String"
    )

    first = invoke(bench, "getParametersByPath", "ssm", path="/bootstrap/another-project")

    made = dict(zip(first["names"], first["values"], strict=True))
    assert made["/bootstrap/another-project/log-key-arn"] == key
    assert len(made) == 3


def test_other_parameters_are_not_created(bench: Workbench) -> None:
    assert invoke(bench, "getParametersByPath", "ssm", path="/elsewhere")["names"] == []
    with pytest.raises(ResourceError, match="getParametersByPath: the local run does not support recursive"):
        invoke(bench, "getParametersByPath", "ssm", path="/elsewhere", recursive=True)
