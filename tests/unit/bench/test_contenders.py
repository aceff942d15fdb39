"""The commands of the contenders."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bench.contenders import Cdk, LocalRun


def test_the_local_stack_is_dev_with_a_number_of_services(tmp_path: Path) -> None:
    command = LocalRun(tmp_path).up(3, desired_count=2)
    config = yaml.safe_load((tmp_path / "Pulumi.bench.yaml").read_text())["config"]

    assert command.arguments[1:] == ("-m", "automation", "--local", "up", "bench")
    assert config["node-on-ecs:domain"] == "bench.example.com"
    assert (config["node-on-ecs:desired-count"], config["node-on-ecs:multidev"]) == (2, ["dev1", "dev2"])


def test_each_copy_has_its_own_ports(tmp_path: Path) -> None:
    """It runs beside the user's stacks, and in several tests at once."""
    variables = ("EMULATOR_PORT", "FRONT_DOOR_PORT")
    one, other = (LocalRun(tmp_path).command("down").environment for _ in range(2))

    assert len({environment[name] for environment in (one, other) for name in variables}) == 4


def test_the_cdk_does_not_get_the_machines_aws_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "work")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    cdk = Cdk(tmp_path, "http://127.0.0.1:4566", image="image", zone_id="zone")

    command = cdk.up(4, desired_count=2)

    assert {"AWS_PROFILE", "AWS_SESSION_TOKEN"}.isdisjoint(command.environment)
    assert command.environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (command.environment["BENCH_SERVICES"], command.environment["BENCH_DESIRED_COUNT"]) == ("4", "2")


@pytest.mark.parametrize(("validated", "value"), [(True, None), (False, "false")])
def test_the_cdk_validates_its_templates_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, validated: bool, value: str | None
) -> None:
    monkeypatch.setenv("CDK_VALIDATION", "from the machine")
    cdk = Cdk(tmp_path, "http://127.0.0.1:4566", image="image", zone_id="zone", validated=validated)

    assert cdk.plan(1).environment.get("CDK_VALIDATION") == value
