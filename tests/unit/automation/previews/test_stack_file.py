"""The stack file of a pull request."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.previews.lifecycle import write_stack_file
from automation.stack_files import DerivedStackFile
from automation.stacks.stacks import settings_of
from infra.settings import AttachSettings
from tests.unit.automation.fakes import ROOT

EXPIRES = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def config_of(base: dict[str, Any], root: Path) -> dict[str, Any]:
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": base}))
    write_stack_file(file(root, "dev"), EXPIRES)
    return yaml.safe_load((root / "Pulumi.pr-12.yaml").read_text())["config"]


def file(root: Path, base: str) -> DerivedStackFile:
    return DerivedStackFile(root=root, project="node-on-ecs", stack="pr-12", base=base)


def test_settings_of_the_service_are_copied_from_the_base(tmp_path: Path) -> None:
    base = {"node-on-ecs:cpu": 512, "node-on-ecs:domain": "dev.example.com", "aws:region": "eu-central-1"}

    assert config_of(base, tmp_path).items() >= base.items()


@pytest.mark.parametrize(
    "key", ["nat", "cidr", "multidev", "protect", "alarms", "autoscaling", "schedules", "monthly-budget-usd"]
)
def test_shared_and_unneeded_settings_are_not_copied(tmp_path: Path, key: str) -> None:
    assert f"node-on-ecs:{key}" not in config_of({f"node-on-ecs:{key}": "x"}, tmp_path)


@pytest.mark.parametrize("base", ["dev", "staging", "prod"])
def test_a_file_from_a_shipped_base_is_valid(tmp_path: Path, base: str) -> None:
    for shipped in ("Pulumi.yaml", f"Pulumi.{base}.yaml"):
        (tmp_path / shipped).write_text((ROOT / shipped).read_text())

    write_stack_file(file(tmp_path, base), EXPIRES)
    settings = settings_of("pr-12", tmp_path)

    assert settings.attach == AttachSettings.model_validate(
        {"attach-to": base, "expires": "2026-11-24T12:00:00Z"}
    )
    assert settings.main.name == "web-pr-12"
    assert not settings.main.alarms.enabled
    assert not settings.main.autoscaling.enabled
