"""What a pull request's stack takes over from its base."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.errors import AutomationError
from automation.previews.config import write
from automation.stack_files import Derived
from automation.stacks.settings import settings_of
from infra.settings import KEYS_OF_THE_BASE, AttachSettings
from local.home import ROOT

EXPIRES = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SHARED = ("nat", "cidr", "multidev", "protect")


def config_of(base: dict[str, Any], root: Path) -> dict[str, Any]:
    return document_of(base, root)["config"]


def document_of(base: dict[str, Any], root: Path) -> dict[str, Any]:
    (root / "Pulumi.dev.yaml").write_text(yaml.safe_dump(base))
    write(file(root), expires=EXPIRES, shared=SHARED)
    return yaml.safe_load((root / "Pulumi.pr-12.yaml").read_text())


def file(root: Path, base: str = "dev") -> Derived:
    return Derived(root=root, project="node-on-ecs", stack="pr-12", base=base)


def test_what_the_service_is_made_of_is_taken_over(tmp_path: Path) -> None:
    base = {"node-on-ecs:cpu": 512, "node-on-ecs:domain": "dev.example.com", "aws:region": "eu-central-1"}

    assert config_of({"config": base}, tmp_path).items() >= base.items()


def test_it_says_what_it_is_attached_to_and_until_when(tmp_path: Path) -> None:
    config = config_of({"config": {}}, tmp_path)

    assert config["node-on-ecs:attach-to"] == "dev"
    assert config["node-on-ecs:expires"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize("key", [*SHARED, "alarms", "autoscaling", "monthly-budget-usd"])
def test_what_belongs_to_the_base_is_left_out(tmp_path: Path, key: str) -> None:
    assert f"node-on-ecs:{key}" not in config_of({"config": {f"node-on-ecs:{key}": "x"}}, tmp_path)


@pytest.mark.parametrize("base", ["dev", "staging", "prod"])
def test_what_is_written_for_a_stack_that_ships_is_right_by_its_own_rules(tmp_path: Path, base: str) -> None:
    for shipped in ("Pulumi.yaml", f"Pulumi.{base}.yaml"):
        (tmp_path / shipped).write_text((ROOT / shipped).read_text())

    write(file(tmp_path, base), expires=EXPIRES, shared=KEYS_OF_THE_BASE)
    settings = settings_of("pr-12", tmp_path)

    assert settings.attach == AttachSettings(base=base, expires="2026-11-24T12:00:00Z")
    assert settings.main.name == "web-pr-12"
    assert not settings.main.alarms.enabled
    assert not settings.main.autoscaling.enabled


@pytest.mark.parametrize(
    "encryption",
    [
        {"encryptionsalt": "v1:salt"},
        {"secretsprovider": "awskms://alias/key", "encryptedkey": "AQICAHg="},
    ],
    ids=["passphrase", "kms"],
)
def test_encrypted_values_can_be_opened_with_the_bases_key(
    tmp_path: Path, encryption: dict[str, str]
) -> None:
    config = {"node-on-ecs:environment": {"KEY": {"secure": "v1:abc"}}}

    document = document_of({**encryption, "config": config}, tmp_path)

    assert document.items() >= encryption.items()
    assert document["config"].items() >= config.items()


def test_a_key_that_pulumi_gave_the_stack_stays_where_the_base_has_none(tmp_path: Path) -> None:
    """What is in its state is encrypted with it."""
    (tmp_path / "Pulumi.pr-12.yaml").write_text("encryptionsalt: v1:own\n")

    assert document_of({"config": {}}, tmp_path)["encryptionsalt"] == "v1:own"
    assert document_of({"encryptionsalt": "v1:base", "config": {}}, tmp_path)["encryptionsalt"] == "v1:base"


def test_secrets_that_only_the_base_can_open_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match="encrypted by Pulumi Cloud for dev alone"):
        config_of({"config": {"node-on-ecs:environment": {"KEY": {"secure": "abc"}}}}, tmp_path)

    assert not (tmp_path / "Pulumi.pr-12.yaml").exists()


def test_it_is_written_anew_each_time(tmp_path: Path) -> None:
    """What was changed in the base, or by hand in the file, must not outlive it."""
    document_of({"config": {"node-on-ecs:cpu": 512}}, tmp_path)

    assert "node-on-ecs:cpu" not in config_of({"config": {}}, tmp_path)


def test_a_base_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AutomationError, match=r"there is no Pulumi\.dve\.yaml"):
        write(file(tmp_path, "dve"), expires=EXPIRES, shared=SHARED)


def test_a_base_whose_file_is_broken_is_told(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: [")

    with pytest.raises(AutomationError, match=r"Pulumi\.dev\.yaml is no YAML"):
        write(file(tmp_path), expires=EXPIRES, shared=SHARED)
