"""The configuration as a whole: strangers, encrypted values, and all faults in one message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.config.faults import SettingsError
from infra.config.parse import parse
from infra.config.schema import DeclaredKey, Schema, load_schema
from tests.unit.infra.settings_fixtures import PROJECT, fault_of, faults_of, named, settings_of

TEN_MISTAKES: dict[str, tuple[Any, str]] = {
    "desird-count": (2, "desird-count = 2: there is no such key; the nearest is `desired-count`"),
    "profile": ("a b", 'profile = "a b": the name of an AWS profile'),
    "image-from": ("staging", 'image-from = "staging": needs `repository`'),
    "cidr": ("10.0.0.0/24", 'cidr = "10.0.0.0/24": too small'),
    "capacity-provider-strategy": ([], "capacity-provider-strategy = []: at least one"),
    "domain": ("-.example.com", 'domain = "-.example.com": a host name'),
    "cpu": (300, "cpu = 300: one of 256"),
    "environment": ({"PORT": 80}, 'environment.PORT = "80": another name'),
    "desired-count": (-1, "desired-count = -1: a whole number, 0 or more"),
    "multidev": (["alice", "alice"], 'multidev[1].name = "alice": each name once'),
}


def without(key: str) -> Schema:
    schema = load_schema()
    return replace(schema, keys={name: entry for name, entry in schema.keys.items() if name != key})


def test_ten_mistakes_come_in_one_message() -> None:
    faults = faults_of({key: value for key, (value, _) in TEN_MISTAKES.items()})

    assert len(faults) == len(TEN_MISTAKES)
    for fault, (_, begin) in zip(faults, TEN_MISTAKES.values(), strict=True):
        assert fault.startswith(begin)


def test_the_message_names_the_stack_the_count_and_where_to_correct_it() -> None:
    with pytest.raises(SettingsError) as raised:
        parse(named({"cpu": 300, "nat": "x"}), project=PROJECT, stack="staging")

    first, *_, last = str(raised.value).splitlines()
    assert first == "The configuration of stack staging has 2 faults; nothing was changed."
    assert "Pulumi.staging.yaml" in last
    assert "pulumi config set --stack staging" in last


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("desired_count", "desired-count"),
        ("multi-dev", "multidev"),
        ("cidrs", "cidr"),
        ("desiredCount", "desired-count"),
    ],
)
def test_a_key_that_does_not_exist_is_told_the_nearest_that_does(key: str, nearest: str) -> None:
    assert fault_of({key: "x"}) == f'{key} = "x": there is no such key; the nearest is `{nearest}`'


@pytest.mark.parametrize("key", ["environment", "build-args", "domain", "secrets"])
def test_an_encrypted_value_is_refused_and_not_shown(key: str) -> None:
    values = {
        "environment": {"TOKEN": "hunter2"},
        "build-args": {"TOKEN": "hunter2"},
        "domain": "hunter2.example.com",
        "secrets": {"TOKEN": "arn:aws:ssm:us-east-1:123456789012:parameter/hunter2"},
    }

    fault = fault_of({key: values[key]}, secret_keys=[f"{PROJECT}:{key}"])

    assert fault.startswith(f"{key} = [secret]: a value that is not encrypted")
    assert "its ARN into `secrets`" in fault


def test_what_is_wrong_inside_an_encrypted_value_is_not_shown_either() -> None:
    faults = faults_of({"environment": {"PORT": "hunter2"}}, secret_keys=[f"{PROJECT}:environment"])

    assert len(faults) == 2
    assert "hunter2" not in "".join(faults)


def test_an_encrypted_value_of_another_namespace_is_let_alone() -> None:
    raw = {"other:token": "hunter2"}

    assert parse(raw, project=PROJECT, stack="dev", secret_keys=["other:token"]) == settings_of({})


@pytest.mark.parametrize("key", load_schema().keys)
def test_the_default_of_a_key_stands_in_pulumi_yaml_alone(key: str) -> None:
    fault = fault_of({}, schema=without(key))

    assert fault.startswith(f"{key} is missing: ")


def test_the_region_s_default_stands_in_pulumi_yaml_alone() -> None:
    fault = fault_of({}, schema=replace(load_schema(), presets={}))

    assert fault == "aws:region is missing: an AWS region such as us-east-1"


def test_zero_is_a_value_and_not_a_missing_one() -> None:
    schema = load_schema()
    three = DeclaredKey(name="desired-count", type="integer", default=3, description="")
    settings = parse(
        named({"desired-count": 0}),
        project=PROJECT,
        stack="dev",
        schema=replace(schema, keys={**schema.keys, "desired-count": three}),
    )

    assert settings.main.desired_count == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [(key.name, key.default) for key in load_schema().keys.values()],
)
def test_saying_the_default_is_saying_nothing(key: str, value: object) -> None:
    assert settings_of({key: value}) == settings_of({})
