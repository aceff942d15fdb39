"""Properties find their members in AWS's shapes, and answers come back in the form that was asked for."""

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


def converted(service: str, operation: str, names: dict[str, str] | None = None, **inputs: Any) -> Any:
    arguments: dict[str, Any] = {}
    for key, value in inputs.items():
        assert Conversion(names or {}, ()).put(arguments, shape(service, operation), key, value)
    return arguments


def test_a_property_goes_to_the_member_of_its_name_in_any_case_and_number() -> None:
    arguments = converted(
        "elbv2", "CreateLoadBalancer", subnets=["a"], ipAddressType="ipv4", securityGroup="g"
    )

    assert arguments == {"Subnets": ["a"], "IpAddressType": "ipv4", "SecurityGroups": ["g"]}


def test_values_become_what_the_member_is() -> None:
    arguments = converted(
        "cloudwatch", "PutMetricAlarm", threshold=1, period=60.0, actionsEnabled="true", alarmName=True
    )

    assert arguments == {"Threshold": 1.0, "Period": 60, "ActionsEnabled": True, "AlarmName": "true"}


def test_a_mapping_becomes_pairs_and_a_list_of_one_block_a_structure() -> None:
    assert converted("cloudwatch", "PutMetricAlarm", dimensions={"A": "1", "B": "2"}) == {
        "Dimensions": [{"Name": "A", "Value": "1"}, {"Name": "B", "Value": "2"}]
    }
    assert converted("ecr", "CreateRepository", encryptionConfigurations=[{"encryptionType": "KMS"}]) == {
        "encryptionConfiguration": {"encryptionType": "KMS"}
    }


def test_a_name_may_lead_into_members_and_out_of_blocks() -> None:
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


def test_a_property_without_a_member_is_not_dropped_in_silence() -> None:
    assert not Conversion({}, ()).put({}, shape("ec2", "CreateVpc"), "enableDnsSupport", True)
    with pytest.raises(ResourceError, match=r"settings\.colour: the local run has no place for it in AWS's"):
        converted("ecs", "CreateCluster", settings=[{"colour": "red"}])


@pytest.mark.parametrize(
    ("key", "value"), [("period", "a minute"), ("metrics", ["x"]), ("actionsEnabled", "yes")]
)
def test_a_value_of_another_kind_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(ResourceError, match=f"{key}.* is no "):
        converted("cloudwatch", "PutMetricAlarm", **{key: value})


def pick(item: dict[str, Any], key: str, asked: Any = None, *only_if_asked: str, **names: str) -> Any:
    return Conversion(names, only_if_asked).pick(item, key, asked)


def test_answers_take_the_form_that_was_asked_for() -> None:
    assert pick({"Port": 80}, "port", "80") == "80"
    assert pick({"Dimensions": [{"Name": "A", "Value": "1"}]}, "dimensions", {"B": "2"}) == {"A": "1"}
    assert pick({"Encryption": {"Type": "KMS"}}, "encryptions", [{"type": "AES256"}]) == [{"type": "KMS"}]
    assert pick({"Rules": [{"Id": 1}]}, "rule", {"id": 2}) == {"id": 1}
    assert pick({"Since": datetime(2026, 1, 2, tzinfo=UTC)}, "since") == "2026-01-02T00:00:00Z"


def test_one_block_under_a_plural_name_is_a_list_even_where_nothing_was_asked_for() -> None:
    """A lookup asks for nothing, and the SDK takes no mapping there."""
    repository = {"encryptionConfiguration": {"encryptionType": "AES256"}}

    assert Conversion({}, ()).pick(repository, "encryptionConfigurations", None) == [
        {"encryptionType": "AES256"}
    ]
    assert Conversion({}, ()).pick(repository, "encryptionConfiguration", None) == {
        "encryptionType": "AES256"
    }


def test_what_aws_adds_to_a_block_shows_unless_it_does_so_by_itself() -> None:
    item = {"Check": {"Path": "/", "Port": "1", "OKCount": 3}}

    assert pick(item, "check", {"path": "/"}) == {"path": "/", "port": "1", "okCount": 3}
    assert pick(item, "check", {"path": "/"}, "check.port") == {"path": "/", "okCount": 3}


def test_defaults_are_filled_in_by_path_where_the_block_is() -> None:
    defaults = {"a": 1, "block.b": True, "list.c": "x", "gone.d": 1}

    assert with_defaults({"block": {"b": False}, "list": [{}, {"c": "y"}]}, defaults) == {
        "a": 1,
        "block": {"b": False},
        "list": [{"c": "x"}, {"c": "y"}],
    }
