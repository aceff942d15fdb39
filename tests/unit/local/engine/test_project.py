"""Pulumi.yaml and a stack file become the configuration that the program gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.engine.project import ConfigError, load

PROJECT = """
name: toys
runtime: python
config:
  aws:region: {value: eu-west-1}
  size: {type: integer, default: 3}
  names: {type: array, items: {type: string}, default: [a]}
  open: {type: boolean, default: false}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  toys:size: 5\n")
    return tmp_path


def test_defaults_and_the_stack_s_own_values_come_together(folder: Path) -> None:
    config = load(folder, "dev", "")

    assert config.values == {
        "aws:region": "eu-west-1",
        "toys:size": "5",
        "toys:names": '["a"]',
        "toys:open": "false",
    }


def test_a_value_of_the_wrong_type_is_refused_with_key_and_value(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config:\n  toys:size: many\n  toys:open: 1\n")

    with pytest.raises(
        ConfigError, match=r"toys:size: 'many' is no integer[\s\S]*toys:open: 1 is no boolean"
    ):
        load(folder, "dev", "")


def test_a_stack_without_a_file_is_refused_with_the_nearest_one(folder: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'dev'"):
        load(folder, "deb", "")


def test_broken_yaml_is_refused_with_the_file_s_name(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: [")

    with pytest.raises(ConfigError, match=r"Pulumi\.dev\.yaml is no YAML"):
        load(folder, "dev", "")


def test_an_encrypted_value_without_a_salt_is_refused_by_its_key(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config:\n  toys:size: {secure: v1:x:y}\n")

    with pytest.raises(ConfigError, match="toys:size is encrypted"):
        load(folder, "dev", "")
