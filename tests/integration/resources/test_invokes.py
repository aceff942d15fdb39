"""Provider functions, against the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from local.resources.base import Properties, ResourceError
from local.resources.registry import INVOKES
from tests.integration.resources.examples_load_balancing import balancer_id, listener_id, make_zone
from tests.integration.resources.examples_network import make_vpc
from tests.integration.resources.examples_services import repository_name

if TYPE_CHECKING:
    from tests.integration.resources.example import Workbench


def invoke(bench: Workbench, function: str, package: str = "index", /, **arguments: Any) -> Properties:
    return INVOKES[f"aws:{package}/{function}:{function}"](bench.cloud, arguments)


def test_zones_are_those_of_the_region(bench: Workbench) -> None:
    zones = invoke(bench, "getAvailabilityZones")

    assert zones["names"] == [f"us-east-1{letter}" for letter in "abcdef"]
    assert zones["zoneIds"] == [f"use1-az{number}" for number in range(1, 7)]


def test_zones_can_be_left_out_by_id_and_kept_by_type(bench: Workbench) -> None:
    fewer = invoke(
        bench,
        "getAvailabilityZones",
        excludeZoneIds=["use1-az3", "use1-az6"],
        filters=[{"name": "zone-type", "values": ["availability-zone"]}],
    )
    local = [{"name": "zone-type", "values": ["local-zone"]}]

    assert fewer["names"] == ["us-east-1a", "us-east-1b", "us-east-1d", "us-east-1e"]
    assert invoke(bench, "getAvailabilityZones", filters=local)["names"] == []


def test_the_emulators_own_zones_have_the_ids_that_it_gives_them(bench: Workbench) -> None:
    own = bench.cloud.client("ec2").describe_availability_zones()["AvailabilityZones"]
    zones = invoke(bench, "getAvailabilityZones")

    found = dict(zip(zones["names"], zones["zoneIds"], strict=True))
    assert {zone["ZoneName"]: zone["ZoneId"] for zone in own}.items() <= found.items()


def test_what_a_lookup_of_zones_would_ignore_is_refused(bench: Workbench) -> None:
    with pytest.raises(ResourceError, match="does not know message"):
        invoke(bench, "getAvailabilityZones", filters=[{"name": "message", "values": ["x"]}])
    with pytest.raises(ResourceError, match="does not know region"):
        invoke(bench, "getAvailabilityZones", region="eu-west-1")


def test_the_caller_and_the_partition_are_the_emulators(bench: Workbench) -> None:
    caller = invoke(bench, "getCallerIdentity")

    assert caller["accountId"] == caller["id"] == "000000000000"
    assert caller["arn"]
    assert invoke(bench, "getPartition")["partition"] == "aws"


def zone_of(bench: Workbench, **arguments: Any) -> Properties:
    return invoke(bench, "getZone", "route53", **arguments)


def test_a_zone_is_found_by_name(bench: Workbench) -> None:
    identifier = make_zone(bench)
    name = f"{bench.name}.example.com"

    zone = zone_of(bench, name=f"{name}.", privateZone=False)

    assert zone["zoneId"] == zone["id"] == identifier
    assert zone["name"] == name


def test_a_private_zone_of_the_same_name_is_another_one(bench: Workbench) -> None:
    public, name = make_zone(bench), f"{bench.name}.example.com"
    bench.cloud.client("route53").create_hosted_zone(
        Name=name,
        CallerReference=f"{bench.name}-private",
        VPC={"VPCRegion": "us-east-1", "VPCId": make_vpc(bench).id},
    )

    assert zone_of(bench, name=name)["zoneId"] == public


def test_a_zone_that_nobody_could_have_made_is_made(bench: Workbench) -> None:
    name = f"{bench.name}.example.org"

    assert zone_of(bench, name=name)["id"] == zone_of(bench, name=name)["id"]


@pytest.mark.parametrize("asked", [{"zoneId": "Z1"}, {"name": "example.org", "privateZone": True}])
def test_a_zone_that_could_not_be_made_is_refused(bench: Workbench, asked: dict[str, object]) -> None:
    with pytest.raises(ResourceError, match="getZone: the local run does not know"):
        zone_of(bench, **asked)


def test_two_zones_of_one_name_are_refused(bench: Workbench) -> None:
    make_zone(bench)
    make_zone(bench)

    with pytest.raises(ResourceError, match="there are 2 hosted zones"):
        zone_of(bench, name=f"{bench.name}.example.com")


def test_the_registry_is_the_one_on_this_machine(bench: Workbench) -> None:
    host = f"localhost:{urlsplit(bench.cloud.endpoint).port}"
    token = invoke(bench, "getAuthorizationToken", "ecr", registryId="000000000000")
    name = repository_name(bench)

    assert token["userName"] == "AWS"
    assert token["password"]
    assert token["proxyEndpoint"] == f"http://{host}"
    assert invoke(bench, "getRepository", "ecr", name=name)["repositoryUrl"] == f"{host}/{name}"


def test_a_repository_that_nobody_could_have_made_is_made(bench: Workbench) -> None:
    first, second = (invoke(bench, "getRepository", "ecr", name=f"{bench.name}/apps") for _ in range(2))

    assert first == second
    assert first["arn"].endswith(f":repository/{bench.name}/apps")
    bench.cloud.client("ecr").delete_repository(repositoryName=f"{bench.name}/apps")


@pytest.mark.parametrize("asked", [{"imageTag": "7"}, {"imageDigest": "sha256:" + "0" * 64}])
def test_an_image_that_is_not_there_is_named(bench: Workbench, asked: dict[str, object]) -> None:
    name = repository_name(bench)

    with pytest.raises(ResourceError, match=name):
        invoke(bench, "getImage", "ecr", repositoryName=name, **asked)


@pytest.mark.parametrize(
    ("function", "make"), [("getListener", listener_id), ("getLoadBalancer", balancer_id)]
)
def test_what_another_stack_has_made_is_looked_up(
    bench: Workbench, function: str, make: Callable[[Workbench], str]
) -> None:
    arn = make(bench)

    found = invoke(bench, function, "lb", arn=arn)

    assert found["arn"] == found["id"] == arn
    with pytest.raises(ResourceError, match=f"{arn}-none' is not in the emulator"):
        invoke(bench, function, "lb", arn=f"{arn}-none")


def test_a_parameter_of_aws_itself_has_a_value(bench: Workbench) -> None:
    bench.cloud.client("ssm").put_parameter(Name="/own", Value="secret", Type="SecureString")

    assert invoke(bench, "getParameter", "ssm", name="/own")["value"] == "secret"
    assert invoke(bench, "getParameter", "ssm", name="/aws/service/ecs/image_id")["value"].startswith("ami-")
    with pytest.raises(ResourceError, match="ParameterNotFound"):
        invoke(bench, "getParameter", "ssm", name="/none")


def test_a_secret_is_found_by_name_and_told_where_there_is_none(bench: Workbench) -> None:
    made = bench.cloud.client("secretsmanager").create_secret(Name=bench.name, SecretString="s")["ARN"]

    assert invoke(bench, "getSecret", "secretsmanager", name=bench.name)["arn"] == made
    assert invoke(bench, "getSecret", "secretsmanager", name="none")["arn"].endswith(":secret:none-000000")


def test_what_bootstrap_makes_for_a_project_is_there_from_the_first_question(bench: Workbench) -> None:
    """On AWS a person has made it; here nobody could have."""
    asked = {"path": "/bootstrap/a-project"}
    found = invoke(bench, "getParametersByPath", "ssm", **asked)
    again = invoke(bench, "getParametersByPath", "ssm", **asked)
    made = dict(zip(found["names"], found["values"], strict=True))
    bucket, topic = (made[f"/bootstrap/a-project/{key}"] for key in ("log-bucket", "topic-arn"))

    assert again["values"] == found["values"]
    assert made.keys() == {
        f"/bootstrap/a-project/{key}" for key in ("log-bucket", "log-key-arn", "topic-arn")
    }
    assert made["/bootstrap/a-project/log-key-arn"].startswith("arn:aws:kms:")
    assert bench.cloud.client("s3").head_bucket(Bucket=bucket)
    assert bench.cloud.client("sns").get_topic_attributes(TopicArn=topic)


def test_what_another_run_has_made_of_it_meanwhile_stays(bench: Workbench) -> None:
    """Stacks that come up at the same time have one key: another would change the log group of who came first."""
    first = "arn:aws:kms:us-east-1:000000000000:key/of-another-run"
    bench.cloud.client("ssm").put_parameter(
        Name="/bootstrap/another-project/log-key-arn", Value=first, Type="String"
    )

    found = invoke(bench, "getParametersByPath", "ssm", path="/bootstrap/another-project")

    made = dict(zip(found["names"], found["values"], strict=True))
    assert made["/bootstrap/another-project/log-key-arn"] == first
    assert len(made) == 3


def test_other_parameters_are_not_made_up(bench: Workbench) -> None:
    assert invoke(bench, "getParametersByPath", "ssm", path="/elsewhere")["names"] == []
    with pytest.raises(ResourceError, match="getParametersByPath: the local run does not know recursive"):
        invoke(bench, "getParametersByPath", "ssm", path="/elsewhere", recursive=True)
