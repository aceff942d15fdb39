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


def test_values_that_the_cli_wrote_as_text_stay_as_they_are(folder: Path) -> None:
    """`pulumi config set size 5` writes text; the program itself says what a value may be."""
    (folder / "Pulumi.dev.yaml").write_text('config:\n  toys:size: "5"\n  toys:open: "true"\n')

    config = load(folder, "dev", "")

    assert (config.values["toys:size"], config.values["toys:open"]) == ("5", "true")


def test_a_time_need_not_be_quoted(folder: Path) -> None:
    """YAML makes more than text of it."""
    (folder / "Pulumi.dev.yaml").write_text("config:\n  toys:until: 2026-11-24T12:00:00Z\n")

    assert load(folder, "dev", "").values["toys:until"] == "2026-11-24T12:00:00Z"


@pytest.mark.parametrize("config", ["[a]", "text"])
def test_a_config_section_that_holds_no_keys_is_refused(folder: Path, config: str) -> None:
    (folder / "Pulumi.dev.yaml").write_text(f"config: {config}\n")

    with pytest.raises(ConfigError, match="expected keys with values"):
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
