"""The configuration as a whole: unknown keys, encrypted values, and all errors in one message."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from random import Random
from typing import Any

import pytest

from infra.settings import SettingsError, foreign_namespaces, keys, parse
from infra.settings.multidev import KEYS_OF_A_COPY
from tests.unit.infra.settings_fixtures import PROJECT, fault_of, faults_of, named, settings_of

TEN_MISTAKES: dict[str, tuple[Any, str]] = {
    "desird-count": (2, "desird-count = 2: there is no such key; the nearest is `desired-count`"),
    "profile": ("a b", 'profile = "a b": the name of an AWS profile'),
    "image-from": ("staging", 'image-from = "staging": needs `repository`'),
    "cidr": ("10.0.0.0/24", 'cidr = "10.0.0.0/24": too small'),
    "capacity-provider-strategy": ([], "capacity-provider-strategy = []: at least one"),
    "domain": ("-.example.com", 'domain = "-.example.com": a host name'),
    "cpu": (12, "cpu = 12: a whole number from 128 to 196608"),
    "environment": ({"PORT": 80}, 'environment.PORT = "80": another name'),
    "desired-count": (-1, "desired-count = -1: a whole number from 0 to 5000"),
    "multidev": (["alice", "alice"], 'multidev[1].name = "alice": each name once'),
}


def test_all_faults_come_in_one_message() -> None:
    faults = faults_of({key: value for key, (value, _) in TEN_MISTAKES.items()})

    assert len(faults) == len(TEN_MISTAKES)
    begins = sorted(begin for _, begin in TEN_MISTAKES.values())
    assert all(fault.startswith(begin) for fault, begin in zip(sorted(faults), begins, strict=True))


def test_the_message_has_stack_count_and_file() -> None:
    with pytest.raises(SettingsError) as raised:
        parse(named({"cpu": 300, "nat": "x"}), project=PROJECT, stack="staging")

    first, *_, last = str(raised.value).splitlines()
    assert first == "The configuration of stack staging has 2 errors; nothing was changed."
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
def test_an_unknown_key_is_refused_with_the_nearest(key: str, nearest: str) -> None:
    assert fault_of({key: "x"}) == f'{key} = "x": there is no such key; the nearest is `{nearest}`'


@pytest.mark.parametrize(
    ("config", "count"),
    [
        # What follows from a mistake is no other one.
        ({"memory": 7, "multidev": ["alice", {"name": "bob", "cpu": 512}]}, 1),
        (
            {
                "rollout": {"canary-percent": 0},
                "multidev": [{"name": "a", "rollout": {"strategy": "canary"}}],
            },
            1,
        ),
        ({"domain": "-a.example.com", "zone": "example.com"}, 1),
        ({"image-from": "staging", "repository": "App"}, 1),
        (
            {
                "desired-count": 1,
                "deployment-minimum-healthy-percent": 100,
                "deployment-maximum-percent": 100,
            },
            1,
        ),
        # What is wrong each for itself is not the same.
        ({"multidev": ["Alice", "Bob"]}, 2),
        ({"name": "Web", "multidev": ["Web"]}, 2),
        ({"egress": [{"port": 0, "cidr": "10.1.0.0/16", "description": "PostgreSQL"}] * 2}, 2),
    ],
    ids=str,
)
def test_each_mistake_is_reported_once(config: dict[str, Any], count: int) -> None:
    assert len(faults_of(config)) == count


@pytest.mark.parametrize("key", ["environment", "build-args", "domain", "secrets"])
def test_encrypted_values_are_refused_and_hidden(key: str) -> None:
    values = {
        "environment": {"A": "hunter2"},
        "build-args": {"TOKEN": "hunter2"},
        "domain": "hunter2.example.com",
        "secrets": {"TOKEN": "arn:aws:ssm:us-east-1:123456789012:parameter/hunter2"},
    }

    fault = fault_of({key: values[key]}, secret_keys=[f"{PROJECT}:{key}"])

    assert fault.startswith(f"{key} = [secret]: a value that is not encrypted")
    assert "its ARN into `secrets`" in fault


def test_faults_inside_an_encrypted_value_are_hidden() -> None:
    faults = faults_of({"environment": {"PORT": "hunter2"}}, secret_keys=[f"{PROJECT}:environment"])

    assert len(faults) == 2
    assert "hunter2" not in "".join(faults)


def test_encrypted_values_of_other_namespaces_are_ignored() -> None:
    raw = {"other:token": "hunter2"}

    assert parse(raw, project=PROJECT, stack="dev", secret_keys=["other:token"]) == settings_of({})


@pytest.mark.parametrize("key", ["secrts", "password", "api-key", "enviroment"])
def test_the_value_of_an_unknown_key_like_a_secret_is_hidden(key: str) -> None:
    """A misspelt key is the likeliest place for one."""
    value = {"DATABASE_PASSWORD": "hunter2"} if key == "enviroment" else "hunter2"

    assert fault_of({key: value}).startswith(f"{key} = [secret]: there is no such key")


def test_the_password_in_a_url_is_hidden() -> None:
    assert "hunter2" not in fault_of({"environment": {"PORT": "postgres://app:hunter2@db/app"}})


@pytest.mark.parametrize("stack", ["v1.2", "a/b", "ü", "a" * 101])
def test_a_stack_s_name_must_suit_a_task_definition_s_family(stack: str) -> None:
    assert fault_of({}, stack=stack).startswith(f'the stack\'s name = "{stack}": letters, digits, - and _')


def test_zero_is_a_value() -> None:
    assert settings_of({"desired-count": 0}).main.desired_count == 0


def test_a_default_equals_a_missing_key() -> None:
    """The CLI hands over every default as if the stack file had it."""
    nothing = settings_of({})

    assert [key for key, one in keys().items() if settings_of({key: one.default}) != nothing] == []


@pytest.mark.parametrize(
    ("key", "instead"),
    [
        ("aws:profile", "use `profile`"),
        ("aws:assumeRole", "use `assume-role-arn`"),
        ("aws:defaultTags", "use `tags`"),
        ("aws:accessKey", "use `profile`"),
        ("aws:secretKey", "use `profile`"),
        ("aws:token", "use `profile`"),
        ("aws:endpoints", "remove it"),
        ("aws:allowedAccountIds", "remove it"),
    ],
)
def test_keys_of_pulumi_s_default_provider_are_refused(key: str, instead: str) -> None:
    """The program's provider is its own: a key that nothing reads must not pass in silence."""
    fault = fault_of({key: "hunter2"})

    assert fault.startswith(f"{key} = ")
    assert instead in fault
    assert key not in ("aws:accessKey", "aws:secretKey", "aws:token") or "hunter2" not in fault


def test_namespaces_similar_to_the_project_s_are_found() -> None:
    keys_of_a_file = ["node_on_ecs:cpu", "nodeonecs:cpu", "node-on-ecs:cpu", "aws:region", "other:key"]

    assert foreign_namespaces(keys_of_a_file, PROJECT) == ["node_on_ecs", "nodeonecs"]


# Some value of each kind that JSON and YAML have, in any place.
_ODDITIES: list[Any] = [
    *(None, True, 0, -1, 2.5, float("nan"), 10**40, "", " ", "\ud800", "x" * 5000, "[" * 5000, "null", "[]"),
    *([], {}, [[]], [None], {"": None}, {1: 2}, {None: {True: []}}, [{"name": ["x"]}], date(2026, 1, 1)),
]


def _odd(random: Random, depth: int = 0) -> Any:
    """Return a value that may be anything, made of keys that do exist and ones that do not."""
    names = [*keys(), *KEYS_OF_A_COPY, "strategy", "hooks", "stages", "schedule", "cron", "extra", "x"]
    match random.randrange(4 if depth < 4 else 2):
        case 2:
            return [_odd(random, depth + 1) for _ in range(random.randrange(4))]
        case 3:
            return {random.choice(names): _odd(random, depth + 1) for _ in range(random.randrange(5))}
        case _:
            return random.choice(_ODDITIES)


@pytest.mark.parametrize("hundred", [0, 100])
def test_any_configuration_is_accepted_or_refused_in_one_message(hundred: int) -> None:
    """Never a traceback: neither of ours nor of pydantic's."""
    for seed in range(hundred, hundred + 100):
        random = Random(seed)  # noqa: S311 - the same at each run
        config = {random.choice([*keys()]): _odd(random) for _ in range(random.randrange(1, 8))}
        with suppress(SettingsError):
            settings_of(config)


def test_any_value_of_a_key_is_accepted_or_refused_in_a_printable_message() -> None:
    def message(key: str, value: Any) -> str:
        try:
            settings_of({key: value})
        except SettingsError as error:
            return str(error)
        return ""

    lengths = {key: max(len(message(key, value).encode()) for value in _ODDITIES) for key in keys()}

    assert {key: length for key, length in lengths.items() if length >= 3000} == {}


def test_half_a_character_is_refused_in_a_printable_message() -> None:
    assert fault_of({"health-check-codes": "\ud800"}).startswith("health-check-codes = ")


def test_deeply_nested_values_are_refused() -> None:
    deep: list[Any] = []
    for _ in range(3000):
        deep = [deep]

    assert fault_of({"environment": deep}).startswith("environment = ")
