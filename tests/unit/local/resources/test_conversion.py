"""Properties are converted to AWS's shapes, and answers to the form of the inputs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from local.resources.base import ResourceError
from local.resources.cloud import Cloud
from local.resources.conversion import Conversion, with_defaults

CLOUD = Cloud("http://127.0.0.1:1")


def shape(service: str, operation: str) -> Any:
    return CLOUD.client(service).meta.service_model.operation_model(operation).input_shape


def converted(service: str, operation: str, members: dict[str, str] | None = None, **inputs: Any) -> Any:
    arguments: dict[str, Any] = {}
    for key, value in inputs.items():
        assert Conversion(members or {}, ()).put(arguments, shape(service, operation), key, value)
    return arguments


def test_a_property_matches_its_member_in_any_case_and_number() -> None:
    arguments = converted(
        "elbv2", "CreateLoadBalancer", subnets=["a"], ipAddressType="ipv4", securityGroup="g"
    )

    assert arguments == {"Subnets": ["a"], "IpAddressType": "ipv4", "SecurityGroups": ["g"]}


def test_values_are_converted_to_the_members_type() -> None:
    arguments = converted(
        "cloudwatch", "PutMetricAlarm", threshold=1, period=60.0, actionsEnabled="true", alarmName=True
    )

    assert arguments == {"Threshold": 1.0, "Period": 60, "ActionsEnabled": True, "AlarmName": "true"}


def test_mappings_are_converted_to_pairs_and_single_blocks_to_structures() -> None:
    assert converted("cloudwatch", "PutMetricAlarm", dimensions={"A": "1", "B": "2"}) == {
        "Dimensions": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]
    }
    assert converted("ecr", "CreateRepository", encryptionConfigurations=[{"encryptionType": "KMS"}]) == {
        "encryptionConfiguration": {"encryptionType": "KMS"}
    }


def test_members_may_be_nested_and_blocks_dissolved() -> None:
    names = {
        "healthCheck": ".",
        "healthCheck.path": "HealthCheckPath",
        "healthCheck.matcher": "Matcher.HttpCode",
    }

    arguments = converted(
        "elbv2", "CreateTargetGroup", names, healthCheck={"path": "/", "matcher": "200"}, name="x"
    )

    assert arguments == {"HealthCheckPath": "/", "Matcher": {"HttpCode": "200"}, "Name": "x"}
    assert converted("sns", "CreateTopic", {"displayName": "Attributes.DisplayName"}, displayName="x") == {
        "Attributes": {"DisplayName": "x"}
    }


def test_a_property_without_a_member_is_an_error() -> None:
    assert not Conversion({}, ()).put({}, shape("ec2", "CreateVpc"), "enableDnsSupport", True)
    with pytest.raises(ResourceError, match=r"settings\.colour: AWS's ClusterSetting has no such member"):
        converted("ecs", "CreateCluster", settings=[{"colour": "red"}])


@pytest.mark.parametrize(
    ("key", "value"), [("period", "a minute"), ("metrics", ["x"]), ("actionsEnabled", "yes")]
)
def test_a_value_of_another_type_is_refused(key: str, value: Any) -> None:
    with pytest.raises(ResourceError, match=f"{key}.* is not valid: AWS requires type"):
        converted("cloudwatch", "PutMetricAlarm", **{key: value})


def pick(item: dict[str, Any], key: str, form: Any = None, *only_if_configured: str, **members: str) -> Any:
    return Conversion(members, only_if_configured).pick(item, key, form)


def test_answers_have_the_form_of_the_inputs() -> None:
    assert pick({"Port": 80}, "port", "80") == "80"
    assert pick({"Dimensions": [{"Name": "A", "Value": "1"}]}, "dimensions", {"B": "2"}) == {"A": "1"}
    assert pick({"Encryption": {"Type": "KMS"}}, "encryptions", [{"type": "AES256"}]) == [{"type": "KMS"}]
    assert pick({"Rules": [{"Id": 1}]}, "rule", {"id": 2}) == {"id": 1}
    assert pick({"Since": datetime(2026, 1, 2, tzinfo=UTC)}, "since") == "2026-01-02T00:00:00Z"


def test_a_single_block_with_a_plural_name_is_a_list_without_inputs_too() -> None:
    """A lookup has no inputs, and the SDK refuses a mapping there."""
    repository = {"encryptionConfiguration": {"encryptionType": "AES256"}}

    assert Conversion({}, ()).pick(repository, "encryptionConfigurations", None) == [
        {"encryptionType": "AES256"}
    ]
    assert Conversion({}, ()).pick(repository, "encryptionConfiguration", None) == {
        "encryptionType": "AES256"
    }


def test_members_that_aws_adds_are_read_unless_listed_as_only_if_configured() -> None:
    item = {"Check": {"Path": "/", "Port": "1", "OKCount": 3}}

    assert pick(item, "check", {"path": "/"}) == {"path": "/", "port": "1", "okCount": 3}
    assert pick(item, "check", {"path": "/"}, "check.port") == {"path": "/", "okCount": 3}


def test_defaults_are_added_by_path_inside_existing_blocks() -> None:
    defaults = {"a": 1, "block.b": True, "list.c": "x", "gone.d": 1}

    assert with_defaults({"block": {"b": False}, "list": [{}, {"c": "y"}]}, defaults) == {
        "a": 1,
        "block": {"b": False},
        "list": [{"c": "x"}, {"c": "y"}],
    }
