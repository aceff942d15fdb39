"""Settings of the shipped stacks, and how `load` reads the configuration."""

from __future__ import annotations

import json
from contextlib import suppress
from contextvars import copy_context
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from infra.settings import CapacityProvider, Settings, SettingsError, load, parse
from tests.unit.infra.settings_fixtures import PROJECT, STACKS, named, settings_of, stack_file


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(pulumi, "get_project", lambda: PROJECT)
    monkeypatch.setattr(pulumi, "get_stack", lambda: "dev")
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)
    monkeypatch.delenv("PULUMI_CONFIG_SECRET_KEYS", raising=False)
    return monkeypatch


def as_the_cli_hands_it_over(config: dict[str, Any]) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}


def test_dev_is_one_small_spot_task_without_nat_and_with_two_copies() -> None:
    dev = settings_of(stack_file("dev"), stack="dev")

    assert (dev.main.cpu, dev.main.memory, dev.main.desired_count) == (256, 512, 1)
    assert dev.main.capacity_provider_strategy == (
        CapacityProvider(capacity_provider="FARGATE_SPOT", weight=1, base=0),
    )
    assert (dev.network.nat, dev.protect) == ("none", False)
    assert [(copy.name, copy.host) for copy in dev.multidev] == [
        ("web-alice", "alice.dev.example.com"),
        ("web-bob", "bob.dev.example.com"),
    ]


def test_staging_is_two_tasks_behind_one_nat() -> None:
    staging = settings_of(stack_file("staging"), stack="staging")

    assert (staging.main.cpu, staging.main.memory, staging.main.desired_count) == (512, 1024, 2)
    assert (staging.network.nat, staging.protect, staging.multidev) == ("single", False, ())


def test_prod_is_three_protected_tasks_in_three_zones_with_a_nat_each() -> None:
    prod = settings_of(stack_file("prod"), stack="prod")

    assert (prod.main.cpu, prod.main.memory, prod.main.desired_count) == (1024, 2048, 3)
    assert (prod.network.nat, prod.network.availability_zones) == ("one-per-az", 3)
    assert prod.protect
    assert [line.capacity_provider for line in prod.main.capacity_provider_strategy] == ["FARGATE"]


@pytest.mark.parametrize("stack", STACKS)
def test_a_shipped_stack_file_has_no_defaults(stack: str) -> None:
    loaded = settings_of(stack_file(stack), stack=stack)

    for key in stack_file(stack):
        shorter = {name: value for name, value in stack_file(stack).items() if name != key}
        if key == f"{PROJECT}:zone":
            continue  # Said for the reader's sake: it is the domain without its first label.
        # Or the rest makes no sense without it, which tells a difference too.
        with suppress(SettingsError):
            assert settings_of(shorter, stack=stack) != loaded, key


@pytest.mark.parametrize("stack", STACKS)
def test_text_from_the_cli_and_yaml_values_load_to_the_same(stack: str) -> None:
    values = stack_file(stack)

    assert parse(as_the_cli_hands_it_over(values), project=PROJECT, stack=stack) == parse(
        values, project=PROJECT, stack=stack
    )


def test_settings_cannot_be_changed() -> None:
    settings = settings_of({})

    with pytest.raises(ValidationError):
        settings.protect = True  # type: ignore[misc]


def test_services_are_the_main_one_and_its_copies() -> None:
    settings = settings_of({"multidev": ["alice"]})

    assert [service.name for service in settings.services] == ["web", "web-alice"]


def test_load_reads_the_cli_s_environment_variables(deployed: pytest.MonkeyPatch) -> None:
    deployed.setenv("PULUMI_CONFIG", json.dumps(as_the_cli_hands_it_over(named({"desired-count": 4}))))

    def read() -> Settings:
        pulumi.runtime.set_all_config({})
        return load()

    settings = copy_context().run(read)

    assert (settings.main.desired_count, settings.stack) == (4, "dev")


def test_load_reads_the_runtime_s_config(deployed: pytest.MonkeyPatch) -> None:
    del deployed

    def read() -> Settings:
        pulumi.runtime.set_all_config(as_the_cli_hands_it_over(named({"multidev": ["alice"]})))
        return load()

    assert [copy.name for copy in copy_context().run(read).multidev] == ["web-alice"]


def test_load_refuses_a_key_with_and_without_the_namespace(
    deployed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Pulumi reads an unprefixed key as the project's own, and then one of the two by chance."""
    (tmp_path / "Pulumi.dev.yaml").write_text(f"config:\n  cpu: 512\n  {PROJECT}:cpu: 256\n")
    deployed.chdir(tmp_path)
    deployed.setenv("PULUMI_CONFIG", json.dumps(named({"cpu": "256"})))

    with pytest.raises(SettingsError, match=f"cpu = 512: once: Pulumi reads `cpu` as {PROJECT}:cpu"):
        copy_context().run(load)


def test_load_refuses_an_unknown_key(deployed: pytest.MonkeyPatch) -> None:
    deployed.setenv("PULUMI_CONFIG", json.dumps(named({"desird-count": "2"})))

    with pytest.raises(SettingsError, match="the nearest is `desired-count`"):
        copy_context().run(load)


@pytest.mark.parametrize("told_by", ["environment", "runtime"])
def test_load_hides_encrypted_values(deployed: pytest.MonkeyPatch, told_by: str) -> None:
    config = {f"{PROJECT}:environment": '{"TOKEN":"hunter2"}'}
    secret = [f"{PROJECT}:environment"]
    if told_by == "environment":
        deployed.setenv("PULUMI_CONFIG", json.dumps(config))
        deployed.setenv("PULUMI_CONFIG_SECRET_KEYS", json.dumps(secret))

    def read() -> Settings:
        pulumi.runtime.set_all_config(*((config, secret) if told_by == "runtime" else ({}, [])))
        return load()

    with pytest.raises(SettingsError, match=r"environment = \[secret\]") as raised:
        copy_context().run(read)
    assert "hunter2" not in str(raised.value)


def test_a_settings_error_has_no_traceback() -> None:
    assert issubclass(SettingsError, pulumi.RunError)
